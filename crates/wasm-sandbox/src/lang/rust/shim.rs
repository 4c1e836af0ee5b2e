//! The code that exports a source's public functions under the call ABI, appended to the source itself.

use quote::{ToTokens, format_ident, quote};
use syn::{
    FnArg, GenericArgument, Item, ItemFn, Pat, PathArguments, ReturnType, Type as Syntax, Visibility, ext::IdentExt,
};

use serde::{Deserialize, Serialize};
use wasm_sandbox_policy::{ResourceKind, SandboxError};

use crate::{
    jail::fork::{self, ChildFailure},
    setup::Setup,
    value::{Abi, LeftOut, Parameter, Signature, Type},
};

/// What is appended to a source, and what it then exports.
#[derive(Serialize, Deserialize)]
pub(super) struct Shim {
    pub(super) code: String,
    pub(super) functions: Vec<Signature>,
    /// Public functions that are not exported.
    pub(super) left_out: Vec<LeftOut>,
    /// Whether the source has a `main`.
    pub(super) program: bool,
    /// Whether it uses the prepared crates.
    pub(super) needs_crates: bool,
}

/// What to do about a type that serde does not know.
const TRAVELS: &str = "  = note: public functions can be called from outside, with arguments and results as JSON\n  \
    = help: derive serde's traits for their types, or make the function `pub(crate)`";

impl Shim {
    /// Reads a source. A function that cannot be called from outside, such as a generic one, is left out. It is read in a
    /// child process: what is nested deeply enough ends any parser, and with it the process that it runs in.
    /// `crates` is the path to those that it needs, such as `::support`.
    /// Those of `without` are left out, too.
    pub(super) fn read(
        text: &str,
        name: &str,
        crates: &str,
        without: &[LeftOut],
        setup: &Setup,
    ) -> Result<Self, SandboxError> {
        let parse = || serde_json::to_vec(&Self::parse(text, crates, without)?).map_err(|error| error.to_string());
        let found = fork::run(&setup.compile_limits, parse).map_err(|failure| match failure {
            ChildFailure::Limit(hit) if hit.kind == ResourceKind::CompileMemory => {
                super::compilation(format!("{name}: it is nested too deeply, or too large"))
            }
            ChildFailure::Limit(hit) => hit.into(),
            ChildFailure::Work(reason) => super::compilation(format!("{name}: {reason}")),
            ChildFailure::System(reason) => SandboxError::internal("reading a source in a child process", reason),
        })?;
        serde_json::from_slice(&found).map_err(|error| SandboxError::internal("reading a source", error))
    }

    /// Whether arguments travel as JSON, for which serde is needed.
    pub(super) fn json(&self) -> bool {
        self.functions.iter().any(|function| function.abi == Abi::Json)
    }

    /// A compiler's messages, with those about the shim in the words of whoever wrote the source. `is_shim` knows the
    /// places of the shim, as the compiler names them.
    pub(super) fn explain(diagnostics: &str, is_shim: impl Fn(&str) -> bool) -> String {
        let explained = diagnostics.split("\n\n").map(|message| {
            if is_about(message, &is_shim) {
                format!("{}\n{TRAVELS}", message.lines().next().unwrap_or_default())
            } else {
                message.to_owned()
            }
        });
        explained.collect::<Vec<_>>().join("\n\n")
    }

    /// Whether the compiler, or its linker, says anything against the shim.
    pub(super) fn is_to_blame(diagnostics: &str, is_shim: impl Fn(&str) -> bool) -> bool {
        let against = |message: &str| message.starts_with("error") && is_about(message, &is_shim);
        diagnostics.contains("wasm_sandbox_call_") || diagnostics.split("\n\n").any(against)
    }

    /// The functions whose types serde does not know, from a compiler's messages about a file of `own` lines before the shim.
    pub(super) fn unfit(&self, diagnostics: &str, own: usize) -> Vec<LeftOut> {
        let lines: Vec<&str> = self.code.lines().collect();
        let mut unfit: Vec<LeftOut> = Vec::new();
        for message in diagnostics.split("\n\n").filter(|message| message.starts_with("error[E0277]")) {
            let line = place_of(message).and_then(line_of).and_then(|line| line.checked_sub(own)).unwrap_or_default();
            let wrapper =
                lines.iter().take(line).rev().find_map(|line| line.trim().strip_prefix("extern \"C\" fn json_"));
            let function = wrapper.and_then(|wrapper| wrapper.split('(').next()).unwrap_or_default();
            let is_this = |signature: &Signature| signature.name == function;
            if self.functions.iter().any(is_this) && unfit.iter().all(|known| known.name != function) {
                unfit.push(LeftOut::new(function, unknown_to_serde(message)));
            }
        }
        unfit
    }

    fn parse(text: &str, crates: &str, without: &[LeftOut]) -> Result<Self, String> {
        // What is wrong with it, the compiler says best.
        let Ok(file) = syn::parse_file(text) else {
            let program = text.contains("fn main");
            let (code, functions, left_out) = (String::new(), Vec::new(), Vec::new());
            return Ok(Self { code, functions, left_out, program, needs_crates: true });
        };
        let records = Records::of(&file);
        let functions =
            || file.items.iter().filter_map(|item| if let Item::Fn(function) = item { Some(function) } else { None });
        let program = functions().any(|function| function.sig.ident == "main");
        let public = functions().filter(|function| is_public(function));
        let (mut exported, mut left_out) = (Vec::new(), Vec::new());
        for function in public {
            let name = name(function);
            match (without.iter().find(|one| one.name == name), Exported::of(function, &records)) {
                (Some(unfit), _) => left_out.push(unfit.clone()),
                (None, Ok(function)) => exported.push(function),
                (None, Err(reason)) => left_out.push(LeftOut::new(name, reason)),
            }
        }
        let json = exported.iter().any(|function| function.signature.abi == Abi::Json);
        let code = code(&exported, json, crates);
        Ok(Self {
            code,
            functions: exported.into_iter().map(|function| function.signature).collect(),
            left_out,
            program,
            needs_crates: json || text.contains("serde"),
        })
    }
}

/// Whether a compiler's message is about a place of that kind.
fn is_about(message: &str, is_shim: &impl Fn(&str) -> bool) -> bool {
    place_of(message).is_some_and(is_shim)
}

/// The place that a compiler's message is about: file, line and column.
fn place_of(message: &str) -> Option<&str> {
    message.lines().find_map(|line| line.trim_start().strip_prefix("--> "))
}

pub(super) fn line_of(place: &str) -> Option<usize> {
    place.split(':').nth(1)?.parse().ok()
}

/// Why a function is left out, from a message such as ``the trait bound `Own: serde::Serialize` is not satisfied``.
fn unknown_to_serde(message: &str) -> String {
    let bound = message.split('`').nth(1).and_then(|bound| bound.split_once(": ").or_else(|| bound.split_once(':')));
    match bound {
        Some((kind, _)) => {
            let kind = kind.trim_start_matches("for<'de> ");
            format!(
                "values of the type `{kind}` do not travel: derive `serde::Serialize` and `serde::Deserialize` for it"
            )
        }
        None => "its types do not travel: derive `serde::Serialize` and `serde::Deserialize` for them".to_owned(),
    }
}

/// Structs that travel as objects: those with named fields that derive serde's traits.
struct Records<'a>(Vec<&'a syn::ItemStruct>);

impl<'a> Records<'a> {
    fn of(file: &'a syn::File) -> Self {
        let derives = |item: &syn::ItemStruct| {
            item.attrs.iter().any(|attribute| {
                attribute.path().is_ident("derive") && attribute.to_token_stream().to_string().contains("erialize")
            })
        };
        let plain = |item: &syn::ItemStruct| {
            matches!(item.fields, syn::Fields::Named(_))
                && item.attrs.iter().all(|attribute| !attribute.path().is_ident("serde"))
        };
        Self(
            file.items
                .iter()
                .filter_map(|item| match item {
                    Item::Struct(item) if derives(item) && plain(item) => Some(item),
                    _ => None,
                })
                .collect(),
        )
    }

    fn find(&self, name: &str, depth: usize) -> Option<Type> {
        let item = self.0.iter().find(|item| item.ident == name)?;
        let mut fields = Vec::new();
        for field in &item.fields {
            if field.attrs.iter().any(|attribute| attribute.path().is_ident("serde")) {
                return None;
            }
            fields.push(Parameter {
                name: field.ident.as_ref()?.unraw().to_string(),
                kind: travels(&field.ty, self, depth + 1)?,
            });
        }
        Some(Type::Record { name: name.to_owned(), fields })
    }
}

struct Exported<'a> {
    function: &'a ItemFn,
    signature: Signature,
}

impl<'a> Exported<'a> {
    /// What a function is to callers, or why it is nothing to them.
    fn of(function: &'a ItemFn, records: &Records<'_>) -> Result<Self, String> {
        let sig = &function.sig;
        if let Some(reason) = not_plain(function) {
            return Err(reason.to_owned());
        }
        let no_way = |kind: &Syntax| format!("values of the type `{}` do not travel", text(kind));
        let mut params = Vec::new();
        for (index, input) in sig.inputs.iter().enumerate() {
            let FnArg::Typed(input) = input else { return Err("it takes `self`".to_owned()) };
            let name =
                if let Pat::Ident(name) = &*input.pat { name.ident.unraw().to_string() } else { format!("p{index}") };
            let kind = travels(&input.ty, records, 0).ok_or_else(|| no_way(&input.ty))?;
            params.push(Parameter { name, kind });
        }
        let result = match &sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, kind) => match travels(kind, records, 0).ok_or_else(|| no_way(kind))? {
                Type::Unit => None,
                _ if matches!(**kind, Syntax::Reference(_)) => {
                    Some(reference_result(kind).ok_or_else(|| no_way(kind))?)
                }
                kind => Some(kind),
            },
        };
        let scalar = |kind: &Type| kind.wasm(false).is_some();
        let direct = params.iter().all(|parameter| scalar(&parameter.kind)) && result.as_ref().is_none_or(scalar);
        let name = name(function);
        let export = format!("wasm_sandbox_call_{name}");
        let abi = if direct { Abi::Direct } else { Abi::Json };
        Ok(Self { function, signature: Signature { name, export, doc: doc(function), abi, params, result } })
    }
}

fn is_public(function: &ItemFn) -> bool {
    matches!(function.vis, Visibility::Public(_)) && function.sig.ident != "main"
}

fn name(function: &ItemFn) -> String {
    function.sig.ident.unraw().to_string()
}

/// What keeps a function from being called from outside, apart from its types.
fn not_plain(function: &ItemFn) -> Option<&'static str> {
    let sig = &function.sig;
    // One that is there only sometimes may not be there for the shim.
    let conditional = function.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
    let reasons = [
        (conditional, "it has a `#[cfg]`"),
        (!sig.generics.params.is_empty(), "it is generic"),
        (sig.asyncness.is_some(), "it is `async`"),
        (sig.unsafety.is_some(), "it is `unsafe`"),
        (sig.abi.is_some() || sig.variadic.is_some(), "it is `extern`"),
    ];
    reasons.into_iter().find_map(|(is, reason)| is.then_some(reason))
}

/// A type as its source has it.
fn text(kind: &Syntax) -> String {
    let text = kind.to_token_stream().to_string();
    text.replace(" < ", "<").replace(" >", ">").replace(" :: ", "::").replace("& ", "&").replace(" ,", ",")
}

/// A borrowed result must live for ever: only text does, usually.
fn reference_result(kind: &Syntax) -> Option<Type> {
    let Syntax::Reference(reference) = kind else { return None };
    reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static").then_some(Type::String)
}

fn doc(function: &ItemFn) -> Option<String> {
    let line = |attribute: &syn::Attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    };
    let lines: Vec<String> = function.attrs.iter().filter_map(line).collect();
    if lines.is_empty() { None } else { Some(lines.join("\n")) }
}

/// How deep structs of the source are followed; one that holds itself ends here.
const MAX_DEPTH: usize = 8;

/// How a type travels; none for one that cannot.
fn travels(kind: &Syntax, records: &Records<'_>, depth: usize) -> Option<Type> {
    if depth > MAX_DEPTH {
        return Some(Type::Any("nested".to_owned()));
    }
    let inner = |kind: &Syntax| travels(kind, records, depth + 1);
    match kind {
        Syntax::Paren(kind) => inner(&kind.elem),
        Syntax::Group(kind) => inner(&kind.elem),
        Syntax::Tuple(kind) if kind.elems.is_empty() => Some(Type::Unit),
        Syntax::Tuple(kind) => kind.elems.iter().map(inner).collect::<Option<_>>().map(Type::Tuple),
        Syntax::Array(kind) => inner(&kind.elem).map(|item| Type::List(Box::new(item))),
        Syntax::Reference(kind) if kind.mutability.is_none() => match &*kind.elem {
            Syntax::Path(path) if path.path.is_ident("str") => Some(Type::String),
            Syntax::Slice(slice) => inner(&slice.elem).map(|item| Type::List(Box::new(item))),
            _ => None,
        },
        Syntax::Path(path) if path.qself.is_none() => named(&path.path, kind, records, depth),
        _ => None,
    }
}

fn named(path: &syn::Path, whole: &Syntax, records: &Records<'_>, depth: usize) -> Option<Type> {
    let last = path.segments.last()?;
    let arguments: Vec<&Syntax> = match &last.arguments {
        PathArguments::None => Vec::new(),
        PathArguments::AngleBracketed(list) => list
            .args
            .iter()
            .map(|argument| if let GenericArgument::Type(kind) = argument { Some(kind) } else { None })
            .collect::<Option<_>>()?,
        PathArguments::Parenthesized(_) => return None,
    };
    let inner = |kind: &Syntax| travels(kind, records, depth + 1).map(Box::new);
    let name = last.ident.to_string();
    match (name.as_str(), arguments.as_slice()) {
        ("bool", []) => Some(Type::Bool),
        ("i8", []) => Some(Type::S8),
        ("u8", []) => Some(Type::U8),
        ("i16", []) => Some(Type::S16),
        ("u16", []) => Some(Type::U16),
        ("i32" | "isize", []) => Some(Type::S32),
        ("u32" | "usize", []) => Some(Type::U32),
        ("i64", []) => Some(Type::S64),
        ("u64", []) => Some(Type::U64),
        ("f32", []) => Some(Type::F32),
        ("f64", []) => Some(Type::F64),
        ("char", []) => Some(Type::Char),
        ("String", []) => Some(Type::String),
        ("Vec" | "VecDeque" | "BTreeSet" | "HashSet", [item]) => inner(item).map(Type::List),
        ("Option", [item]) => inner(item).map(Type::Option),
        ("Box", [item]) => inner(item).map(|item| *item),
        ("Result", [ok, err]) => {
            let side = |kind: &Syntax| inner(kind).map(|kind| if *kind == Type::Unit { None } else { Some(kind) });
            Some(Type::Result { ok: side(ok)?, err: side(err)? })
        }
        ("HashMap" | "BTreeMap", [key, value]) if inner(key).as_deref() == Some(&Type::String) => {
            inner(value).map(Type::Map)
        }
        (name, []) => Some(records.find(name, depth).unwrap_or_else(|| Type::Any(name.to_owned()))),
        _ => Some(Type::Any(whole.to_token_stream().to_string().replace(' ', ""))),
    }
}

fn code(exported: &[Exported<'_>], json: bool, crates: &str) -> String {
    if exported.is_empty() {
        return String::new();
    }
    let functions = exported.iter().map(|function| match function.signature.abi {
        Abi::Json => json_function(function),
        _ => direct_function(function),
    });
    let crates: proc_macro2::TokenStream = crates.parse().unwrap_or_default();
    let support = if json { json_support(&crates) } else { quote!() };
    let module = quote! {
        #[doc(hidden)]
        #[allow(warnings, clippy::all)]
        mod __wasm_sandbox {
            #(#functions)*
            #support
        }
    };
    match syn::parse2(module) {
        Ok(file) => prettyplease::unparse(&file),
        // Not reached for what is built above; the compiler would say what is wrong with it.
        Err(error) => error.to_string(),
    }
}

/// A function whose parameters and result are wasm values.
fn direct_function(exported: &Exported<'_>) -> proc_macro2::TokenStream {
    let (name, export) = (&exported.function.sig.ident, &exported.signature.export);
    let wrapper = format_ident!("direct_{}", exported.signature.name);
    let wasm = |kind: &Type| match kind {
        Type::Bool => quote!(bool),
        Type::S8 => quote!(i8),
        Type::U8 => quote!(u8),
        Type::S16 => quote!(i16),
        Type::U16 => quote!(u16),
        Type::S64 => quote!(i64),
        Type::U64 => quote!(u64),
        Type::F32 => quote!(f32),
        Type::F64 => quote!(f64),
        Type::U32 | Type::Char => quote!(u32),
        _ => quote!(i32),
    };
    let names: Vec<_> = (0..exported.signature.params.len()).map(|index| format_ident!("a{index}")).collect();
    let types = exported.signature.params.iter().map(|parameter| wasm(&parameter.kind));
    let passed = names.iter().zip(&exported.signature.params).map(|(name, parameter)| match parameter.kind {
        Type::Char => quote!(::core::char::from_u32(#name).unwrap_or_default()),
        Type::S32 | Type::U32 => quote!(#name as _),
        _ => quote!(#name),
    });
    match &exported.signature.result {
        None => quote! {
            #[unsafe(export_name = #export)]
            extern "C" fn #wrapper(#(#names: #types),*) { super::#name(#(#passed),*); }
        },
        Some(kind) => {
            let result = wasm(kind);
            let convert =
                if matches!(kind, Type::Bool | Type::F32 | Type::F64) { quote!() } else { quote!(as #result) };
            quote! {
                #[unsafe(export_name = #export)]
                extern "C" fn #wrapper(#(#names: #types),*) -> #result { (super::#name(#(#passed),*)) #convert }
            }
        }
    }
}

/// A function whose arguments and result are JSON. The types are inferred from the function itself.
fn json_function(exported: &Exported<'_>) -> proc_macro2::TokenStream {
    let (name, export) = (&exported.function.sig.ident, &exported.signature.export);
    let wrapper = format_ident!("json_{}", exported.signature.name);
    let names: Vec<_> = (0..exported.signature.params.len()).map(|index| format_ident!("a{index}")).collect();
    let inputs = exported.function.sig.inputs.iter().map(|input| match input {
        FnArg::Typed(input) => Some(&*input.ty),
        FnArg::Receiver(_) => None,
    });
    let inputs: Vec<Option<&Syntax>> = inputs.collect();
    let owned = inputs.iter().map(|kind| match kind {
        Some(Syntax::Reference(reference)) if matches!(&*reference.elem, Syntax::Slice(_)) => {
            quote!(::std::vec::Vec<_>)
        }
        Some(Syntax::Reference(_)) => quote!(::std::string::String),
        _ => quote!(_),
    });
    let passed = names.iter().zip(&inputs).map(|(name, kind)| match kind {
        Some(Syntax::Reference(reference)) if matches!(&*reference.elem, Syntax::Slice(_)) => quote!(slice(&#name)),
        Some(Syntax::Reference(_)) => quote!(&#name),
        _ => quote!(#name),
    });
    let answer = match exported.signature.result {
        Some(Type::Result { .. }) => quote!(answer_result(result)),
        _ => quote!(answer(result)),
    };
    quote! {
        #[unsafe(export_name = #export)]
        extern "C" fn #wrapper(pointer: usize, len: usize) -> u64 {
            let arguments = unsafe { ::std::vec::Vec::from_raw_parts(pointer as *mut u8, len, len) };
            // A list of one is not a tuple in JSON's eyes unless it is written as one.
            let (#(#names,)* Nothing,): (#(#owned,)* Nothing,) = match decode(&arguments) {
                Ok(arguments) => arguments,
                Err(error) => return invalid(error),
            };
            let result = super::#name(#(#passed),*);
            #answer
        }
    }
}

fn json_support(crates: &proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    quote! {
        use #crates::{serde, serde_json};

        /// The end of the argument list, so that a list of any length is a tuple.
        struct Nothing;

        impl<'de> serde::Deserialize<'de> for Nothing {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                <() as serde::Deserialize>::deserialize(deserializer).map(|()| Nothing)
            }
        }

        fn decode<T: serde::de::DeserializeOwned>(arguments: &[u8]) -> ::core::result::Result<T, serde_json::Error> {
            let mut whole = arguments.to_vec();
            whole.pop();
            if whole.len() > 1 {
                whole.push(b',');
            }
            whole.extend_from_slice(b"null]");
            serde_json::from_slice(&whole)
        }

        fn slice<T>(items: &::std::vec::Vec<T>) -> &[T] {
            items
        }

        fn give(answer: ::std::string::String) -> u64 {
            let answer = answer.into_bytes().into_boxed_slice();
            let len = answer.len() as u64;
            let pointer = ::std::boxed::Box::into_raw(answer) as *mut u8 as usize as u64;
            pointer << 32 | len
        }

        fn send<T: serde::Serialize>(kind: &str, value: &T) -> u64 {
            match serde_json::to_string(value) {
                Ok(text) => give(::std::format!("{{\"{kind}\":{text}}}")),
                Err(error) => invalid(error),
            }
        }

        fn answer<T: serde::Serialize>(value: T) -> u64 {
            send("ok", &value)
        }

        fn answer_result<T: serde::Serialize, E: serde::Serialize>(value: ::core::result::Result<T, E>) -> u64 {
            match value {
                Ok(value) => send("ok", &value),
                Err(error) => send("err", &error),
            }
        }

        fn invalid(error: serde_json::Error) -> u64 {
            send("invalid", &::std::string::ToString::to_string(&error))
        }

        #[unsafe(no_mangle)]
        extern "C" fn wasm_sandbox_alloc(len: usize) -> usize {
            let mut bytes = ::std::vec::Vec::<u8>::new();
            if bytes.try_reserve_exact(len.max(1)).is_err() {
                return 0;
            }
            let pointer = bytes.as_mut_ptr() as usize;
            ::core::mem::forget(bytes);
            pointer
        }

        #[unsafe(no_mangle)]
        extern "C" fn wasm_sandbox_free(pointer: usize, len: usize) {
            if len > 0 {
                drop(unsafe { ::std::vec::Vec::from_raw_parts(pointer as *mut u8, len, len) });
            }
        }
    }
}
