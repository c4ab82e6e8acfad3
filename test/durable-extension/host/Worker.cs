using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Azure.WebJobs.Script.Workers;
using Microsoft.Azure.WebJobs.Script.Workers.Rpc;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

/// <summary>The process that holds the Node app (bridge.ts), in the place of Microsoft's language worker.</summary>
public static class Worker
{
    // How long a call waits for a worker that is being started again.
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    // Texts that look like times stay the texts that they are.
    static readonly JsonSerializerSettings Plain = new() { DateParseHandling = DateParseHandling.None };
    static readonly HttpClient Http = new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = 200,
        AllowAutoRedirect = false,
        UseCookies = false,
    })
    { Timeout = TimeSpan.FromMinutes(30) };

    public static Uri Address { get; set; } = new("http://127.0.0.1:7072");

    /// <summary>The app's functions: name, and bindings with their type and name.</summary>
    public static async Task<JArray> FunctionsAsync() =>
        JArray.Parse(await Http.GetStringAsync(new Uri(Address, "/functions")));

    /// <summary>Takes what the extension hands to functions with a durable client; it goes along with every call from here on.</summary>
    public static Task TakeClient(string binding)
    {
        Http.DefaultRequestHeaders.Add("x-durable-client", Convert.ToBase64String(Encoding.UTF8.GetBytes(binding)));
        return Task.CompletedTask;
    }

    /// <summary>Any request that is not the extension's own.</summary>
    public static Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation) =>
        Http.SendAsync(request, cancellation);

    /// <summary>Calls an orchestrator, activity or entity; what fails is thrown as the Functions host throws it.</summary>
    public static async Task<object?> Call(string name, string? input)
    {
        var reply = await AskAsync(name, input);
        if (!(bool)reply["ok"]!)
            throw new RpcException((string)reply["message"]!, (string)reply["stack"]!);
        var value = (string?)reply["value"];
        return (string)reply["kind"]! switch
        {
            "string" => value,
            "json" => JsonConvert.DeserializeObject(value!, Plain),
            "int" => long.Parse(value!, CultureInfo.InvariantCulture),
            "double" => double.Parse(value!, CultureInfo.InvariantCulture),
            "bytes" => Convert.FromBase64String(value!),
            _ => null,
        };
    }

    // As in the Functions host: what is in flight when the worker dies fails, what falls due afterwards waits for the next one.
    static async Task<JObject> AskAsync(string name, string? input)
    {
        var until = DateTime.UtcNow + Patience;
        while (true)
        {
            try
            {
                using var answer = await Http.PostAsync(new Uri(Address, "/invoke"), JsonContent.Create(new { name, input }));
                return JsonConvert.DeserializeObject<JObject>(await answer.Content.ReadAsStringAsync(), Plain)!;
            }
            catch (HttpRequestException fault) when (fault.HttpRequestError == HttpRequestError.ConnectionError && DateTime.UtcNow < until)
            {
                await Task.Delay(Pause);
            }
            catch (HttpRequestException)
            {
                throw new WorkerProcessExitException("node exited with code 137 (0x89)");
            }
        }
    }
}

// The extension knows these two types of the Functions host by their full names and members alone.
namespace Microsoft.Azure.WebJobs.Script.Workers
{
    public class WorkerProcessExitException(string message) : Exception(message);
}

namespace Microsoft.Azure.WebJobs.Script.Workers.Rpc
{
    public class RpcException(string message, string stack)
        : Exception($"Result: Failure\nException: {message}\nStack: {stack}")
    {
        public bool IsUserException => false;
        public string RemoteMessage => message;
        public string RemoteStackTrace => stack;
        public string RemoteTypeName => "";
    }
}
