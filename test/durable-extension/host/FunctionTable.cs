using System.Reflection;
using System.Reflection.Emit;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.DurableTask;
using Newtonsoft.Json.Linq;

/// <summary>
/// The app's durable functions as static methods of a class that is made at run time. The Functions host does the same for every
/// language but .NET: the extension sees a trigger with a string parameter, and speaks its out-of-process JSON.
/// </summary>
public sealed class FunctionTable : ITypeLocator
{
    const string TakeClient = "__takeClient";

    static readonly Dictionary<string, Type> Triggers = new()
    {
        ["orchestrationTrigger"] = typeof(OrchestrationTriggerAttribute),
        ["activityTrigger"] = typeof(ActivityTriggerAttribute),
        ["entityTrigger"] = typeof(EntityTriggerAttribute),
    };

    readonly Type type;

    public FunctionTable(JArray functions)
    {
        var assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("App"), AssemblyBuilderAccess.Run);
        // Abstract and sealed: a static class.
        var builder = assembly.DefineDynamicModule("App").DefineType(
            "App", TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        foreach (var function in functions)
            foreach (var binding in function["bindings"]!)
                if (Triggers.TryGetValue((string)binding["type"]!, out var trigger))
                {
                    AddFunction(builder, (string)function["name"]!, (string)binding["name"]!, trigger);
                    Count++;
                }
        AddTakeClient(builder);
        type = builder.CreateType();
    }

    /// <summary>How many durable functions there are; others (HTTP, timers) are the bridge's own business.</summary>
    public int Count { get; }

    /// <summary>To be called once, so that the worker gets the client binding's JSON.</summary>
    public MethodInfo ClientFunction => type.GetMethod(TakeClient)!;

    public IReadOnlyList<Type> GetTypes() => [type];

    // [FunctionName("x")] public static Task<object?> x([ActivityTrigger] string parameter) => Worker.Call("x", parameter);
    static void AddFunction(TypeBuilder builder, string name, string parameter, Type trigger)
    {
        var method = AddMethod(builder, name, typeof(Task<object>), parameter, trigger);
        method.SetCustomAttribute(Attribute(typeof(FunctionNameAttribute), name));
        var il = method.GetILGenerator();
        il.Emit(OpCodes.Ldstr, name);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, typeof(Worker).GetMethod(nameof(Worker.Call))!);
        il.Emit(OpCodes.Ret);
    }

    // [NoAutomaticTrigger] public static Task __takeClient([DurableClient] string client) => Worker.TakeClient(client);
    static void AddTakeClient(TypeBuilder builder)
    {
        var method = AddMethod(builder, TakeClient, typeof(Task), "client", typeof(DurableClientAttribute));
        method.SetCustomAttribute(Attribute(typeof(NoAutomaticTriggerAttribute)));
        var il = method.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, typeof(Worker).GetMethod(nameof(Worker.TakeClient))!);
        il.Emit(OpCodes.Ret);
    }

    static MethodBuilder AddMethod(TypeBuilder builder, string name, Type returns, string parameter, Type binding)
    {
        var method = builder.DefineMethod(name, MethodAttributes.Public | MethodAttributes.Static, returns, [typeof(string)]);
        method.DefineParameter(1, ParameterAttributes.None, parameter).SetCustomAttribute(Attribute(binding));
        return method;
    }

    static CustomAttributeBuilder Attribute(Type type, params object[] values) =>
        new(type.GetConstructor([.. values.Select(value => value.GetType())])!, values);
}
