//! Components that import what others export: each keeps a sandbox of its own, and values go between them.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};
use tokio::sync::Mutex;
use wasm_sandbox_policy::{ConfigProblem, Plain, SandboxError};

use crate::{
    blocking,
    instance::CallReport,
    module::Module,
    sandbox::WasmSandbox,
    tool::{Tool, ToolError},
    value::{Abi, ComponentValue, Signature, Type},
};

/// A sandbox whose functions serve the imports of another's component; see [`WasmSandboxBuilder::link`].
///
/// [`WasmSandboxBuilder::link`]: crate::WasmSandboxBuilder::link
#[derive(Clone)]
pub struct Provider {
    module: Option<Module>,
    /// For one call at a time.
    sandbox: Arc<Mutex<WasmSandbox>>,
}

impl From<WasmSandbox> for Provider {
    fn from(sandbox: WasmSandbox) -> Self {
        let module = sandbox.module().ok().cloned();
        // A call that its caller gives up is given up here too, which one that blocks cannot be.
        let sandbox = Arc::new(Mutex::new(sandbox.into_async()));
        Self { module, sandbox }
    }
}

impl From<blocking::WasmSandbox> for Provider {
    fn from(sandbox: blocking::WasmSandbox) -> Self {
        sandbox.into_inner().into()
    }
}

/// The tools that serve a module's imports with what providers have, besides those that there are.
///
/// # Errors
/// Functions of other types than the imports', and providers that serve nothing.
pub(crate) fn tools(module: &Module, providers: &[Provider], there: &[Tool]) -> Result<Vec<Tool>, SandboxError> {
    let (mut tools, mut problems) = (Vec::new(), Vec::new());
    let mut serves = vec![false; providers.len()];
    let mut served: HashMap<String, Served<'_>> = HashMap::new();
    for import in module.tool_imports() {
        let name = ComponentValue::snake_name(&import.name);
        if there.iter().any(|tool| tool.name() == name) {
            continue;
        }
        for (index, (provider, serves)) in providers.iter().zip(&mut serves).enumerate() {
            let Some(function) = provider.function(import)? else { continue };
            *serves = true;
            let first =
                served.get(&name).filter(|first| (first.provider, &first.function) != (index, &function.export));
            match (misfit(import, &function), first) {
                (Some(why), _) => problems.push(ConfigProblem::new("link", why)),
                (None, Some(first)) => problems.push(two_of_a_name(&name, first.import, import)),
                (None, None) if served.contains_key(&name) => {}
                (None, None) => {
                    let function_name = function.export.clone();
                    tools.push(provider.tool(name.clone(), import, &function));
                    served.insert(name, Served { import, provider: index, function: function_name });
                }
            }
            break;
        }
    }
    for (provider, _) in providers.iter().zip(serves).filter(|(_, serves)| !serves) {
        let name = provider.module.as_ref().map_or("a sandbox", Module::name);
        let message = format!("`{}` has no function that `{}` imports", Plain::line(name), Plain::line(module.name()));
        problems.push(ConfigProblem::new("link", message).suggest("take it out, or look at both with `inspect`"));
    }
    if problems.is_empty() { Ok(tools) } else { Err(SandboxError::Configuration { problems }) }
}

/// An import for which there is a tool, and the function behind it.
struct Served<'a> {
    import: &'a Signature,
    provider: usize,
    function: String,
}

/// Imports are told apart by the tools' names, which have no interface.
fn two_of_a_name(name: &str, first: &Signature, second: &Signature) -> ConfigProblem {
    let [first, second] = [first, second].map(|import| Plain::line(&import.export).to_string());
    let message =
        format!("`{first}` and `{second}` are both called `{name}`, and different functions would serve them");
    ConfigProblem::new("link", message).suggest("rename one of them in its interface")
}

/// Why a function cannot serve an import, where both say their types.
fn misfit(import: &Signature, function: &Signature) -> Option<String> {
    let kinds = |signature: &Signature| signature.params.iter().map(|one| one.kind.clone()).collect::<Vec<_>>();
    let same = kinds(import) == kinds(function) && import.result == function.result;
    (function.abi == Abi::Component && !same).then(|| format!("`{function}` cannot serve the import `{import}`"))
}

impl Provider {
    /// The function for an import: of the same interface, or else of the same name.
    fn function(&self, import: &Signature) -> Result<Option<Signature>, SandboxError> {
        let Some(module) = &self.module else { return Ok(None) };
        let name = ComponentValue::snake_name(&import.name);
        let mut named = module.functions()?.filter(|function| ComponentValue::snake_name(&function.name) == name);
        let exact = module.functions()?.find(|function| function.export == import.export);
        Ok(exact.or(named.next()).cloned())
    }

    fn tool(&self, name: String, import: &Signature, function: &Signature) -> Tool {
        let doc = function.doc.clone().unwrap_or_default();
        let schema = json!({ "type": "object" });
        let call = Call { import: import.clone(), function: function.export.clone() };
        let (sandbox, call) = (Arc::clone(&self.sandbox), Arc::new(call));
        Tool::with_schema_async(name, doc, schema, move |arguments| {
            let (sandbox, call) = (Arc::clone(&sandbox), Arc::clone(&call));
            async move { call.make(&mut *sandbox.lock().await, &arguments).await }
        })
    }
}

/// An import, and the function that serves it.
struct Call {
    import: Signature,
    function: String,
}

impl Call {
    async fn make(&self, sandbox: &mut WasmSandbox, arguments: &Value) -> Result<Value, ToolError> {
        let words = self.import.params.iter().map(|parameter| {
            let value = arguments.get(ComponentValue::snake_name(&parameter.name));
            value.unwrap_or(&Value::Null).to_string()
        });
        let words: Vec<String> = words.collect();
        let CallReport { result, error, .. } = sandbox.call_words(&self.function, &words).await?;
        let gives_sides = matches!(self.import.result, Some(Type::Result { .. }));
        match error {
            None if gives_sides => Ok(json!({ "Ok": result.value })),
            None => Ok(result.value.unwrap_or_default()),
            Some(SandboxError::Function { value, .. }) if gives_sides => Ok(json!({ "Err": value })),
            Some(error) => Err(error.into()),
        }
    }
}
