using Lightning.Kiota;
using Lightning.Kiota.Models;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Abstractions.Serialization;
using Microsoft.Kiota.Http.HttpClientLibrary;

/// <summary>A day's work with the client that Kiota generated: each answer typed, each refusal with its code.</summary>
internal sealed class KiotaDay(Uri server, string key)
{
    private const string Agent = "kiota-csharp";
    private readonly LightningClient client = Connect(server, key);

    public async Task RunAsync()
    {
        await RecordAndRewardAsync();
        await PageAsync();
        var dataset = await BuildAsync();
        await DownloadAsync(dataset);
        await TrainAsync(dataset);
        await MeetErrorsAsync();
    }

    /// <summary>Kiota's own provider of keys takes https alone, which a host on this machine does not speak.</summary>
    private static LightningClient Connect(Uri server, string? key)
    {
        var http = KiotaClientFactory.Create();
        if (key is not null) http.DefaultRequestHeaders.Add("x-functions-key", key);
        return new(new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http) { BaseUrl = $"{server}api" });
    }

    private async Task RecordAndRewardAsync()
    {
        for (var n = 0; n < Expect.Episodes; n++)
        {
            var recorded = await client.Lightning.Episodes.PostAsync(new()
            {
                AgentId = Agent,
                Id = $"{Agent}-{n}",
                UserInput = Expect.Question(n),
                AssistantOutput = Expect.Answer(n),
                Messages =
                [
                    new() { Role = MessageRole.User, Content = new UntypedString(Expect.Question(n)) },
                    new() { Role = MessageRole.Assistant, Content = new UntypedString(Expect.Answer(n)) },
                ],
            });
            Expect.Equal($"{Agent}-{n}", recorded?.EpisodeId, "the recorded episode");
            var reward = await client.Lightning.Rewards.PostAsync(new() { AgentId = Agent, EpisodeId = recorded!.EpisodeId, Value = 1 });
            Expect.Equal(true, reward?.Success, "the reward");
        }
    }

    private async Task PageAsync()
    {
        var seen = new HashSet<string?>();
        string? next = null;
        do
        {
            var page = await client.Lightning.Episodes.GetAsync(to =>
            {
                to.QueryParameters.AgentId = Agent;
                to.QueryParameters.Limit = Expect.Page;
                to.QueryParameters.Continuation = next;
            });
            foreach (var one in page!.Episodes!)
            {
                Expect.That(one.CreatedAt > DateTimeOffset.UnixEpoch, $"{one.Id} has no time");
                Expect.That(seen.Add(one.Id), $"{one.Id} stands on two pages");
            }
            next = page.Continuation;
        } while (next is not null);
        Expect.Equal(Expect.Episodes, seen.Count, "episodes on all pages");
        var whole = await client.Lightning.Episodes[$"{Agent}-3"].GetAsync(to => to.QueryParameters.AgentId = Agent);
        Expect.Equal(Expect.Answer(3), whole?.AssistantOutput, "the answer of an episode");
        Expect.Equal(Expect.Question(3), (whole?.Messages?[0].Content as UntypedString)?.GetValue(), "the text of a message");
    }

    private async Task<Dataset> BuildAsync()
    {
        var asked = await client.Lightning.Datasets.PostAsync(new() { AgentId = Agent, Name = "A day", MinReward = 0.5 });
        var built = await Expect.FinalAsync(
            () => client.Lightning.Datasets[asked!.Id!].GetAsync(to => to.QueryParameters.AgentId = Agent),
            one => one?.Status is DatasetStatus.Ready or DatasetStatus.Failed,
            "the dataset");
        Expect.Equal(DatasetStatus.Ready, built!.Status!.Value, "the dataset");
        return built;
    }

    private async Task DownloadAsync(Dataset dataset)
    {
        using var file = await client.Lightning.Datasets[dataset.Id!].Files["train"].GetAsync(to => to.QueryParameters.AgentId = Agent);
        using var reader = new StreamReader(file!);
        var text = await reader.ReadToEndAsync();
        Expect.Equal(dataset.TrainingCount ?? 0, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).LongLength, "lines of the training file");
    }

    private async Task TrainAsync(Dataset dataset)
    {
        var asked = await client.Lightning.Training.PostAsync(new() { AgentId = Agent, DatasetId = dataset.Id });
        var run = await Expect.FinalAsync(
            () => client.Lightning.Training[asked!.RunId!].GetAsync(to => to.QueryParameters.AgentId = Agent),
            one => one?.Status is TrainingRunStatus.Succeeded or TrainingRunStatus.Failed or TrainingRunStatus.Cancelled,
            "the run");
        Expect.Equal(TrainingRunStatus.Succeeded, run!.Status!.Value, "the run");
        Expect.That(run.TunedModel is not null, "the run has no model");
    }

    private async Task MeetErrorsAsync()
    {
        await RefusedAsync(400, "bad_idempotency_key", () => RewardAsync(1, Expect.TooLongKey));
        await RefusedAsync(404, "run_not_found", () => client.Lightning.Training["run-unknown"].GetAsync(to => to.QueryParameters.AgentId = Agent));
        await RewardAsync(1, "one-key");
        await RefusedAsync(409, "idempotency_conflict", () => RewardAsync(-1, "one-key"));
        await RefusedAsync(413, "body_too_large", () => client.Lightning.Episodes.PostAsync(new() { AgentId = Agent, UserInput = Expect.TooLong(), AssistantOutput = "No." }));
        await RefusedAsync(422, "invalid_input", () => RewardAsync(5, "another-key"));
        // Without a key the host answers, with no body.
        var stranger = Connect(server, null);
        await RefusedAsync(401, null, () => stranger.Lightning.Stats.GetAsync());
    }

    private Task RewardAsync(double value, string idempotencyKey) =>
        client.Lightning.Rewards.PostAsync(new() { AgentId = Agent, EpisodeId = $"{Agent}-1", Value = value }, to => to.Headers.Add("Idempotency-Key", idempotencyKey));

    private static async Task RefusedAsync(int status, string? code, Func<Task> ask)
    {
        try
        {
            await ask();
        }
        catch (ApiException refused)
        {
            Expect.Equal(status, refused.ResponseStatusCode, "a refusal's status");
            Expect.Equal(code, (refused as Error)?.ErrorProp?.Code, $"the code of a {status}");
            return;
        }
        throw new InvalidOperationException($"{status} {code} did not come");
    }
}
