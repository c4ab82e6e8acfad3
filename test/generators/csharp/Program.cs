// One program for both generated clients and for Microsoft.OpenApi: `dotnet Clients.dll PART ADDRESS-OR-FILE KEY`.
try
{
    switch (args)
    {
        case ["kiota", var address, var key]:
            await new KiotaDay(new Uri(address), key).RunAsync();
            break;
        case ["nswag", var address, var key]:
            await new NSwagDay(new Uri(address), key).RunAsync();
            break;
        case ["read", var document]:
            await Document.ReadAsync(document);
            break;
        default:
            throw new ArgumentException("PART is kiota, nswag or read");
    }
    return 0;
}
catch (Lightning.NSwag.ApiException<Lightning.NSwag.Error> refused)
{
    Console.Error.WriteLine($"{refused.Result.Error1.Message} {refused}");
    return 1;
}
catch (Exception thrown)
{
    Console.Error.WriteLine(thrown);
    return 1;
}
