import com.sun.source.util.JavacTask;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.tools.ToolProvider;

/** Parses every source below a folder with the JDK's compiler: what is no Java ends it with the compiler's words. */
class Parse {
    public static void main(String[] args) throws Exception {
        var compiler = ToolProvider.getSystemJavaCompiler();
        var said = new javax.tools.DiagnosticCollector<javax.tools.JavaFileObject>();
        try (var files = compiler.getStandardFileManager(said, null, null); var found = Files.walk(Path.of(args[0]))) {
            var sources = found.filter(file -> file.toString().endsWith(".java")).toList();
            var task = (JavacTask) compiler.getTask(null, files, said, null, null, files.getJavaFileObjectsFromPaths(sources));
            task.parse();
        }
        said.getDiagnostics().forEach(System.err::println);
        if (!said.getDiagnostics().isEmpty()) System.exit(1);
    }
}
