using Newtonsoft.Json.Linq;

/// <summary>host.json's `extensions.durableTask` as configuration of a WebJobs host.</summary>
public static class HostJson
{
    const string Section = "AzureWebJobs:extensions:durableTask";

    /// <param name="file">host.json; it need not be there.</param>
    /// <param name="options">More of the section in place of the file's, `key=value;key:inner=value`.</param>
    public static Dictionary<string, string?> DurableTask(string file, string options)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        if (File.Exists(file) && JObject.Parse(File.ReadAllText(file)).SelectToken("extensions.durableTask") is { } section)
            Add(section, Section, settings);
        foreach (var option in options.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var (key, value) = (option.Split('=', 2)[0], option.Split('=', 2)[1]);
            settings[$"{Section}:{key}"] = value;
        }
        return settings;
    }

    static void Add(JToken token, string key, Dictionary<string, string?> settings)
    {
        if (token is JValue leaf)
            settings[key] = leaf.Value?.ToString();
        else if (token is JObject members)
            foreach (var (name, member) in members)
                Add(member!, $"{key}:{name}", settings);
        else
            foreach (var (index, item) in token.Children().Index())
                Add(item, $"{key}:{index}", settings);
    }
}
