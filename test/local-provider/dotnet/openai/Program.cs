using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Files;
using OpenAI.FineTuning;
using OpenAI.Models;

// OpenAI's client for .NET at the local provider's /v1.
var client = new OpenAIClient(
    new ApiKeyCredential(Check.Env("PROVIDER_KEY")),
    new OpenAIClientOptions { Endpoint = new Uri(Check.Env("PROVIDER_URL")), RetryPolicy = new ClientRetryPolicy(0) });
var files = client.GetOpenAIFileClient();
var tuning = client.GetFineTuningClient();
var models = client.GetOpenAIModelClient();
ChatClient Chat(string model) => client.GetChatClient(model);
const string Base = "gpt-4o-mini-2024-07-18";

var training = BinaryData.FromString(string.Concat(Enumerable.Range(0, 12).Select(i => JsonSerializer.Serialize(new
{
    messages = new object[]
    {
        new { role = "user", content = $"Which colour has the lamp number {i}?" },
        new { role = "assistant", content = "green" },
    },
}) + "\n")));

OpenAIFile? file = await Check.Call("upload", async () => (await files.UploadFileAsync(training, "train.jsonl", FileUploadPurpose.FineTune)).Value);
await Check.Call("list of files while one is checked", async () => (await files.GetFilesAsync()).Value, all => all.Count == 1);
await Check.Call("file until it is processed", () => Check.Until(
    async () => (await files.GetFileAsync(file!.Id)).Value,
#pragma warning disable CS0618 // OpenAI calls the status deprecated and tells it all the same.
    one => one.Status == FileStatus.Processed));
#pragma warning restore CS0618
await Check.Call("content", async () => (await files.DownloadFileAsync(file!.Id)).Value, one => one.ToString() == training.ToString());

var job = await Check.Call("job", () => tuning.FineTuneAsync(Base, file!.Id, waitUntilCompleted: true, new FineTuningOptions
{
    Suffix = "lamps",
    Seed = 7,
    TrainingMethod = FineTuningTrainingMethod.CreateSupervised(epochCount: 3),
}), one => one.Status == FineTuningStatus.Succeeded);
await Check.Call("events", () => Count(job!.GetEventsAsync(new GetEventsOptions { PageSize = 3 })), n => n > 3);
await Check.Call("checkpoints", () => Count(job!.GetCheckpointsAsync(new GetCheckpointsOptions { PageSize = 1 })), n => n == 3);
await Check.Call("list of jobs", () => Count(tuning.GetJobsAsync()), n => n == 1);
await Check.Call("job again", () => FineTuningJob.RehydrateAsync(tuning, job!.JobId), one => one.JobId == job!.JobId);
await Check.Refused("cancel a finished job", 400, async () => await job!.CancelAndUpdateAsync());
await Check.Refused("job of no model", 404, () => tuning.FineTuneAsync("no-such-model", file!.Id, waitUntilCompleted: false));

var tuned = (await models.GetModelsAsync()).Value.First(one => one.Id.EndsWith("-lamps")).Id;
await Check.Call("model", async () => (await models.GetModelAsync(tuned)).Value, one => one.Id == tuned);
await Check.Call("base model has a day", async () => (await models.GetModelAsync(Base)).Value, one => one.CreatedAt.Year > 1970);

const string Asked = "Which colour has the lamp number 99? Answer in JSON.";
await Check.Call("answer", async () => (await Chat(tuned).CompleteChatAsync(Asked)).Value, one => one.Content[0].Text == "green" && one.Usage.TotalTokenCount > 0);
var schema = BinaryData.FromString("""{"type":"object","properties":{"colour":{"type":"string","enum":["red","green"]}},"required":["colour"],"additionalProperties":false}""");
await Check.Call("answer of a schema", async () => await Text(tuned, new() { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("lamp", schema, jsonSchemaIsStrict: true) }), text => text == """{"colour":"green"}""");
await Check.Call("answer in JSON", async () => await Text(tuned, new() { ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat() }), text => JsonDocument.Parse(text).RootElement.ValueKind == JsonValueKind.Object);
await Check.Call("limit", async () => (await Complete(tuned, new() { MaxOutputTokenCount = 1 })).FinishReason, reason => reason == ChatFinishReason.Length);
await Check.Call("stop", async () => await Text(tuned, new() { StopSequences = { "n" } }), text => text == "gree");
await Check.Call("stream with usage", async () =>
{
    var text = "";
    ChatTokenUsage? usage = null;
    await foreach (var update in Chat(tuned).CompleteChatStreamingAsync(Asked))
    {
        text += string.Concat(update.ContentUpdate.Select(part => part.Text));
        usage = update.Usage ?? usage;
    }
    return $"{text} {usage?.OutputTokenCount}";
}, seen => seen == "green 2");
await Check.Call("tool and its answer", async () =>
{
    var tool = ChatTool.CreateFunctionTool("get_weather", "Current weather for a city", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""));
    var messages = new List<ChatMessage> { new UserChatMessage("What is the weather in Oslo?") };
    ChatCompletion first = await Chat(Base).CompleteChatAsync(messages, new() { Tools = { tool }, ToolChoice = ChatToolChoice.CreateRequiredChoice() });
    messages.Add(new AssistantChatMessage(first));
    messages.Add(new ToolChatMessage(first.ToolCalls[0].Id, "Weather in Oslo: rain."));
    ChatCompletion second = await Chat(Base).CompleteChatAsync(messages, new() { Tools = { tool } });
    return second.Content[0].Text;
}, text => text.Contains("rain"));
await Check.Refused("log probabilities", 400, () => Complete(tuned, new() { IncludeLogProbabilities = true, TopLogProbabilityCount = 3 }));
await Check.Refused("temperature 99", 400, () => Complete(tuned, new() { Temperature = 99 }));
await Check.Refused("stored answer", 400, () => Complete(tuned, new() { StoredOutputEnabled = true }));
await Check.Refused("tool message that answers no call", 400, async () => await Chat(tuned).CompleteChatAsync(new UserChatMessage("Hi"), new ToolChatMessage("call_1", "done")));
await Check.Refused("no such model", 404, async () => await Chat("no-such-model").CompleteChatAsync("Hi"));
await Check.Refused("embeddings", 404, async () => await client.GetEmbeddingClient(Base).GenerateEmbeddingAsync("Hi"));

await Check.Call("model deleted", async () => (await models.DeleteModelAsync(tuned)).Value, one => one.Deleted);
await Check.Refused("model that is gone", 404, async () => await models.GetModelAsync(tuned));
await Check.Call("file deleted", async () => (await files.DeleteFileAsync(file!.Id)).Value, one => one.Deleted);
return Check.AllGood ? 0 : 1;

async Task<ChatCompletion> Complete(string model, ChatCompletionOptions options) =>
    (await Chat(model).CompleteChatAsync([new UserChatMessage(Asked)], options)).Value;
async Task<string> Text(string model, ChatCompletionOptions options) => (await Complete(model, options)).Content[0].Text;
static async Task<int> Count<T>(AsyncCollectionResult<T> all)
{
    var count = 0;
    await foreach (var _ in all) count++;
    return count;
}
