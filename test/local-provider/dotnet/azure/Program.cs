using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using Azure.AI.OpenAI;
using OpenAI.Chat;
using OpenAI.Files;

// Azure's client for .NET at the local provider's dated addresses.
var client = new AzureOpenAIClient(
    new Uri(Check.Env("PROVIDER_ORIGIN")),
    new ApiKeyCredential(Check.Env("PROVIDER_KEY")),
    new AzureOpenAIClientOptions { RetryPolicy = new ClientRetryPolicy(0) });
var files = client.GetOpenAIFileClient();
const string Base = "gpt-4o-mini-2024-07-18";

var training = BinaryData.FromString(string.Concat(Enumerable.Range(0, 12).Select(i => JsonSerializer.Serialize(new
{
    messages = new object[]
    {
        new { role = "user", content = $"Which colour has the lamp number {i}?" },
        new { role = "assistant", content = "green" },
    },
}) + "\n")));

OpenAIFile? file = await Check.Call("upload", async () => (await files.UploadFileAsync(training, "azure.jsonl", FileUploadPurpose.FineTune)).Value);
await Check.Call("list of files", async () => (await files.GetFilesAsync()).Value, all => all.Any(one => one.Id == file!.Id));
await Check.Call("file until it is processed", () => Check.Until(
    async () => (await files.GetFileAsync(file!.Id)).Value,
#pragma warning disable CS0618 // OpenAI calls the status deprecated and tells it all the same.
    one => one.Status == FileStatus.Processed));
#pragma warning restore CS0618

// This version of the package has no fine-tuning.
await Check.Call("answer of a deployment", async () => (await client.GetChatClient(Base).CompleteChatAsync("Hello")).Value, one => one.FinishReason == ChatFinishReason.Stop);
await Check.Call("stream of a deployment", async () =>
{
    ChatFinishReason? reason = null;
    await foreach (var update in client.GetChatClient(Base).CompleteChatStreamingAsync("Hello")) reason = update.FinishReason ?? reason;
    return reason;
}, reason => reason == ChatFinishReason.Stop);
await Check.Refused("no such deployment", 404, async () => await client.GetChatClient("none").CompleteChatAsync("Hello"));
await Check.Refused("embeddings", 404, async () => await client.GetEmbeddingClient(Base).GenerateEmbeddingAsync("Hello"));
await Check.Call("file deleted", async () => (await files.DeleteFileAsync(file!.Id)).Value, one => one.Deleted);
return Check.AllGood ? 0 : 1;
