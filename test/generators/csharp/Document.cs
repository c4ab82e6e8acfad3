using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

/// <summary>Microsoft.OpenApi reads the document without a word against it, and writes it as OpenAPI 3.0, which older tools take.</summary>
internal static class Document
{
    public static async Task ReadAsync(string file)
    {
        var read = await OpenApiDocument.LoadAsync(file);
        Clean(read.Diagnostic, "the document");
        var older = await read.Document!.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_0);
        var again = OpenApiDocument.Parse(older, OpenApiConstants.Json);
        Clean(again.Diagnostic, "the document as 3.0");
        Expect.Equal(read.Document!.Paths.Count, again.Document!.Paths.Count, "paths of 3.0");
    }

    private static void Clean(OpenApiDiagnostic? diagnostic, string what)
    {
        var said = (diagnostic?.Errors ?? []).Concat(diagnostic?.Warnings ?? []).Select(one => $"{one.Pointer}: {one.Message}").ToList();
        Expect.That(said.Count == 0, $"Microsoft.OpenApi has {said.Count} against {what}:\n{string.Join('\n', said.Take(20))}");
    }
}
