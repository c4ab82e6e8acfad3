using Lightning.NSwag;

/// <summary>A day's work with the client that NSwag generated: each answer typed, each refusal with its code.</summary>
internal sealed class NSwagDay(Uri server, string key)
{
    private const string Agent = "nswag-csharp";
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

    private static LightningClient Connect(Uri server, string? key)
    {
        var http = new HttpClient();
        if (key is not null) http.DefaultRequestHeaders.Add("x-functions-key", key);
        return new(http) { BaseUrl = $"{server}api" };
    }

    private async Task RecordAndRewardAsync()
    {
        for (var n = 0; n < Expect.Episodes; n++)
        {
            var recorded = await client.RecordEpisodesAsync(body: new()
            {
                Agent_id = Agent,
                Id = $"{Agent}-{n}",
                User_input = Expect.Question(n),
                Assistant_output = Expect.Answer(n),
                Messages =
                [
                    new() { Role = MessageRole.User, Content = Expect.Question(n) },
                    new() { Role = MessageRole.Assistant, Content = Expect.Answer(n) },
                ],
            });
            Expect.Equal($"{Agent}-{n}", recorded.Episode_id, "the recorded episode");
            var reward = await RewardAsync(n, 1);
            Expect.Equal(true, reward.Success, "the reward");
        }
    }

    private async Task PageAsync()
    {
        var seen = new HashSet<string>();
        string? next = null;
        do
        {
            var page = await client.ListEpisodesAsync(agent_id: Agent, limit: Expect.Page, continuation: next);
            foreach (var one in page.Episodes)
            {
                Expect.That(one.Created_at > DateTimeOffset.UnixEpoch, $"{one.Id} has no time");
                Expect.That(seen.Add(one.Id), $"{one.Id} stands on two pages");
            }
            next = page.Continuation;
        } while (next is not null);
        Expect.Equal(Expect.Episodes, seen.Count, "episodes on all pages");
        var whole = await client.GetEpisodeAsync(episode_id: $"{Agent}-3", agent_id: Agent);
        Expect.Equal(Expect.Answer(3), whole.Assistant_output, "the answer of an episode");
        Expect.Equal(Expect.Question(3), whole.Messages!.First().Content!.ToString(), "the text of a message");
    }

    private async Task<Dataset> BuildAsync()
    {
        var asked = await client.BuildDatasetAsync(body: new() { Agent_id = Agent, Name = "A day", Min_reward = 0.5 });
        var built = await Expect.FinalAsync(
            () => client.GetDatasetAsync(dataset_id: asked.Id, agent_id: Agent),
            one => one.Status is DatasetStatus.Ready or DatasetStatus.Failed,
            "the dataset");
        Expect.Equal(DatasetStatus.Ready, built.Status, "the dataset");
        return built;
    }

    private async Task DownloadAsync(Dataset dataset)
    {
        using var file = await client.GetDatasetFileAsync(dataset_id: dataset.Id, split: EvaluationSplit.Train, agent_id: Agent);
        using var reader = new StreamReader(file.Stream);
        var text = await reader.ReadToEndAsync();
        Expect.Equal<long?>(dataset.Training_count, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).LongLength, "lines of the training file");
    }

    private async Task TrainAsync(Dataset dataset)
    {
        var asked = await client.StartTrainingAsync(body: new() { Agent_id = Agent, Dataset_id = dataset.Id });
        var run = await Expect.FinalAsync(
            () => client.GetTrainingRunAsync(run_id: asked.Run_id, agent_id: Agent),
            one => one.Status is TrainingRunStatus.Succeeded or TrainingRunStatus.Failed or TrainingRunStatus.Cancelled,
            "the run");
        Expect.Equal(TrainingRunStatus.Succeeded, run.Status, "the run");
        Expect.That(run.Tuned_model is not null, "the run has no model");
    }

    private async Task MeetErrorsAsync()
    {
        await RefusedAsync(400, "bad_idempotency_key", () => RewardAsync(1, 1, Expect.TooLongKey));
        await RefusedAsync(404, "run_not_found", () => client.GetTrainingRunAsync(run_id: "run-unknown", agent_id: Agent));
        await RewardAsync(1, 1, "one-key");
        await RefusedAsync(409, "idempotency_conflict", () => RewardAsync(1, -1, "one-key"));
        await RefusedAsync(413, "body_too_large", () => client.RecordEpisodesAsync(body: new() { Agent_id = Agent, User_input = Expect.TooLong(), Assistant_output = "No." }));
        await RefusedAsync(422, "invalid_input", () => RewardAsync(1, 5, "another-key"));
        // Without a key the host answers, with no body.
        var stranger = Connect(server, null);
        await RefusedAsync(401, null, () => stranger.GetStatsAsync());
    }

    private Task<GivenReward> RewardAsync(int n, double value, string? idempotencyKey = null) =>
        client.AssignRewardAsync(idempotency_Key: idempotencyKey, body: new() { Agent_id = Agent, Episode_id = $"{Agent}-{n}", Value = value });

    private static async Task RefusedAsync(int status, string? code, Func<Task> ask)
    {
        try
        {
            await ask();
        }
        catch (ApiException refused)
        {
            Expect.Equal(status, refused.StatusCode, "a refusal's status");
            Expect.Equal(code, (refused as ApiException<Error>)?.Result.Error1.Code, $"the code of a {status}");
            return;
        }
        throw new InvalidOperationException($"{status} {code} did not come");
    }
}
