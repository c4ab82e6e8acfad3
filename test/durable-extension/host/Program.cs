// Microsoft's Durable extension in a host of our own, for a Node app that lives in another process (bridge.ts).
// Its arguments are settings of the environment; they are listed in README.md.
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.DurableTask;
using Microsoft.Azure.WebJobs.Host.Config;

static string Setting(string name, string otherwise) =>
    Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : otherwise;

int port = int.Parse(Setting("HOST_PORT", "7071"));
Worker.Address = new Uri(Setting("BRIDGE_URL", "http://127.0.0.1:7072"));
var settings = HostJson.DurableTask(
    Path.Combine(Setting("APP_DIR", "."), "host.json"), Setting("DURABLE_OPTIONS", ""));

// By these the extension knows that it serves Node, where its management URLs point, and its storage.
Environment.SetEnvironmentVariable("FUNCTIONS_WORKER_RUNTIME", "node");
Environment.SetEnvironmentVariable("WEBSITE_HOSTNAME", $"127.0.0.1:{port}");
Environment.SetEnvironmentVariable("AzureWebJobsStorage", Setting("AzureWebJobsStorage", "UseDevelopmentStorage=true"));

var functions = new FunctionTable(await Worker.FunctionsAsync());

using var host = new HostBuilder()
    .ConfigureAppConfiguration(configuration => configuration.AddInMemoryCollection(settings).AddEnvironmentVariables())
    .ConfigureLogging(log => log
        .AddSimpleConsole(console => { console.SingleLine = true; console.TimestampFormat = "HH:mm:ss.fff "; })
        .AddFilter("Azure", LogLevel.Error)
        .SetMinimumLevel(Enum.Parse<LogLevel>(Setting("LOG_LEVEL", "Warning"))))
    .ConfigureWebJobs(
        jobs => jobs.AddAzureStorageCoreServices().AddDurableTask(),
        (Action<JobHostOptions>)(options => options.AllowPartialHostStartup = true))
    .ConfigureServices(services => services
        .AddSingleton<ITypeLocator>(functions)
#pragma warning disable CS0618 // Said to be for the Functions host alone, whose place this takes.
        .AddSingleton<IWebHookProvider>(new WebHooks(WebFront.ManagementUrl(port))))
#pragma warning restore CS0618
    .Build();
await host.StartAsync();

var jobHost = (JobHost)host.Services.GetRequiredService<IJobHost>();
await jobHost.CallAsync(functions.ClientFunction, new Dictionary<string, object>());

var extension = host.Services.GetServices<IExtensionConfigProvider>().OfType<DurableTaskExtension>().Single();
await using var web = WebFront.Create(port, extension);
await web.StartAsync();
Console.WriteLine($"HOST UP on {port}, {functions.Count} durable functions");
await host.WaitForShutdownAsync();

#pragma warning disable CS0618
class WebHooks(string url) : IWebHookProvider
{
    public Uri GetUrl(IExtensionConfigProvider extension) => new(url);
}
