/// <summary>What the days of both clients share: what they record, and how they say that something is not as it should be.</summary>
internal static class Expect
{
    public const int Episodes = 30;
    public const int Page = 7;
    /// <summary>A busy machine may take its time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);
    private static readonly string[] Cities = ["Oslo", "Lima", "Quito", "Perth", "Turin", "Kyoto", "Dakar", "Sucre", "Bergen", "Tampa"];

    public static string Question(int n) =>
        n % 2 == 0 ? $"How is the sky over {Cities[n % Cities.Length]}, {n}?" : $"Gusts tore roofs off in {Cities[n % Cities.Length]}, {n}";

    public static string Answer(int n) => n % 2 == 0 ? $"Clear, {n} degrees." : $"Report {n} is taken.";

    /// <summary>One more than the 255 characters that a key may have.</summary>
    public static readonly string TooLongKey = new('k', 256);

    /// <summary>More than the 32 MiB that are taken of a body.</summary>
    public static string TooLong() => new('x', 33 * 1024 * 1024);

    public static void That(bool holds, string otherwise)
    {
        if (!holds) throw new InvalidOperationException(otherwise);
    }

    public static void Equal<T>(T expected, T actual, string what) =>
        That(EqualityComparer<T>.Default.Equals(expected, actual), $"{what}: {actual}, not {expected}");

    /// <summary>Asks again until the answer is final.</summary>
    public static async Task<T> FinalAsync<T>(Func<Task<T>> ask, Func<T, bool> isFinal, string what)
    {
        var until = DateTimeOffset.UtcNow + Patience;
        while (true)
        {
            var answer = await ask();
            if (isFinal(answer)) return answer;
            That(DateTimeOffset.UtcNow < until, $"{what} did not end within {Patience}");
            await Task.Delay(Look);
        }
    }
}
