//! The stubs for editors say what guests find.

use wasm_sandbox::{Language, SandboxError, Source, Tool, WasmSandbox};

use crate::languages;

const PYTHON: &str = include_str!("../../../../../guests/sdk/python/host.pyi");
const JAVASCRIPT: &str = include_str!("../../../../../guests/sdk/javascript/host.d.ts");

/// Takes the stub as its input, and compares it with what is there.
const COMPARE: &str = "
import ast, sys, host

def members(node):
    for item in node.body:
        match item:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name): yield name, item
            case ast.AnnAssign(target=ast.Name(id=name)): yield name, item

def compare(where, node, real):
    for name, item in members(node):
        if name == '__getattr__':
            continue
        assert hasattr(real, name), (where, name)
        if isinstance(item, ast.ClassDef):
            bases = [ast.unparse(base) for base in item.bases]
            assert [base.__name__ for base in getattr(real, name).__bases__] == bases, (name, bases)
            assert ast.get_docstring(item) == getattr(real, name).__doc__, name
            compare(name, item, getattr(real, name))

stub = ast.parse(sys.stdin.read())
private = {name: item for name, item in members(stub) if name.startswith('_')}
for name, real in {'_Tool': host.tools.echo, '_Tools': host.tools}.items():
    node = private.pop(name)
    assert ast.get_docstring(node) == type(real).__doc__ or name == '_Tool', name
    compare(name, node, real)
assert not private, private
stub.body = [item for item in stub.body if not getattr(item, 'name', '').startswith('_')]
compare('host', stub, host)
public = {name for name in vars(host) if not name.startswith('_')}
assert public == {name for name, _ in members(stub)}, public
print(host.tools.echo.now(word='x'))
";

fn printed(language: Language, code: &str, stub: &str) -> Result<String, SandboxError> {
    let echo = Tool::new("echo", "What it is given.", |given: serde_json::Map<String, serde_json::Value>| Ok(given));
    let builder = WasmSandbox::builder().setup(languages::setup(language)).source(Source::code(language, code));
    let result = builder.tool(echo).stdin(stub.as_bytes()).build_blocking()?.execute(Vec::<String>::new())?;
    assert!(result.success, "{}", result.stderr.text());
    Ok(result.stdout.text().into_owned())
}

#[test]
fn the_stub_for_python_is_what_the_module_has() {
    assert_eq!(printed(Language::Python, COMPARE, PYTHON).unwrap(), "{'word': 'x'}\n");
}

/// It is read as TypeScript, before a program that does as it says.
#[test]
fn the_stub_for_typescript_is_what_programs_find() {
    let program = "const echo: Tool = tools.echo;
const failure = (call: Promise<any>) => call.then(() => 'none', (error: ToolError) => error.name);
console.log(await echo({ word: 'x' }), await failure(tools.missing()), await failure(tools.echo(1)));
export {};";
    let printed = printed(Language::TypeScript, &format!("{JAVASCRIPT}\n{program}"), "").unwrap();
    assert_eq!(printed, "{ word: 'x' } ToolNotFound ToolArguments\n");
}
