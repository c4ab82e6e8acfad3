using System.ClientModel;

/// <summary>Calls by name: each says `ok`, or what was thrown or seen in its place.</summary>
static class Check
{
    public static bool AllGood { get; private set; } = true;

    public static string Env(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set");

    public static async Task<T?> Call<T>(string name, Func<Task<T>> call, Func<T, bool>? holds = null)
    {
        try
        {
            var result = await call();
            Tell(name, holds is null || holds(result) ? null : $"answered {result}");
            return result;
        }
        catch (Exception thrown)
        {
            Tell(name, $"{thrown.GetType().Name}: {thrown.Message}");
            return default;
        }
    }

    /// <summary>A call that OpenAI refuses with this status.</summary>
    public static async Task Refused<T>(string name, int status, Func<Task<T>> call)
    {
        try
        {
            await call();
            Tell(name, "was not refused");
        }
        catch (ClientResultException refused)
        {
            Tell(name, refused.Status == status ? null : $"{refused.Status}: {refused.Message}");
        }
        catch (Exception thrown)
        {
            Tell(name, $"{thrown.GetType().Name}: {thrown.Message}");
        }
    }

    /// <summary>Waits for a condition, not for a time; a minute is the bound.</summary>
    public static async Task<T> Until<T>(Func<Task<T>> look, Func<T, bool> holds)
    {
        var end = DateTime.UtcNow.AddMinutes(1);
        while (true)
        {
            var seen = await look();
            if (holds(seen)) return seen;
            if (DateTime.UtcNow > end) throw new TimeoutException("it did not happen");
            await Task.Delay(100);
        }
    }

    static void Tell(string name, string? fault)
    {
        AllGood &= fault is null;
        Console.WriteLine($"{(fault is null ? "ok" : "WRONG")} {name}{(fault is null ? "" : ": " + fault)}");
    }
}
