using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Host.Config;

/// <summary>The host's HTTP address: the extension's management API at its path, all else from the worker.</summary>
public static class WebFront
{
    const string Webhook = "/runtime/webhooks/durabletask";
    const long LongestBody = 200_000_000;

    public static string ManagementUrl(int port) => $"http://127.0.0.1:{port}{Webhook}?code=KEY";

    public static WebApplication Create(int port, IExtensionConfigProvider extension)
    {
        var managementApi = (IAsyncConverter<HttpRequestMessage, HttpResponseMessage>)extension;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenLocalhost(port);
            kestrel.Limits.MaxRequestBodySize = LongestBody;
        });
        var web = builder.Build();
        web.Run(async context =>
        {
            try
            {
                var isOwn = context.Request.Path.StartsWithSegments(Webhook, StringComparison.OrdinalIgnoreCase);
                var message = await Copy(context.Request, isOwn ? new Uri($"http://{context.Request.Host}") : Worker.Address);
                using var answer = isOwn
                    ? await managementApi.ConvertAsync(message, context.RequestAborted)
                    : await Worker.SendAsync(message, context.RequestAborted);
                await Copy(answer, context.Response);
            }
            catch (Exception fault) when (!context.Response.HasStarted)
            {
                context.Response.StatusCode = fault is HttpRequestException ? 503 : 500;
                await context.Response.WriteAsync(fault.ToString());
            }
        });
        return web;
    }

    static async Task<HttpRequestMessage> Copy(HttpRequest request, Uri to)
    {
        var message = new HttpRequestMessage(
            new HttpMethod(request.Method), new Uri(to, request.Path.ToUriComponent() + request.QueryString));
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        if (body.Length > 0 || request.Method is "POST" or "PUT")
            message.Content = new ByteArrayContent(body.ToArray());
        foreach (var (name, values) in request.Headers)
            if (!message.Headers.TryAddWithoutValidation(name, [.. values]))
                message.Content?.Headers.TryAddWithoutValidation(name, [.. values]);
        return message;
    }

    static async Task Copy(HttpResponseMessage answer, HttpResponse response)
    {
        response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
            if (!name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
                response.Headers[name] = values.ToArray();
        await answer.Content.CopyToAsync(response.Body);
    }
}
