//! How types travel: what callers are told of a parameter or a result.

use serde_json::{Value, json};
use syn::{Attribute, Error, Expr, ExprLit, GenericArgument, Lit, Meta, PathArguments, Type, spanned::Spanned};

/// A type as `docs/abi.md` writes it.
pub(crate) struct Described(Value);

impl Described {
    pub(crate) fn json(&self) -> &Value {
        &self.0
    }

    pub(crate) fn is_unit(&self) -> bool {
        self.0 == "unit"
    }

    pub(crate) fn is_char(&self) -> bool {
        self.0 == "char"
    }

    pub(crate) fn is_result(&self) -> bool {
        self.0.get("result").is_some()
    }

    /// Whether a value is one wasm value.
    pub(crate) fn is_scalar(&self) -> bool {
        self.0.as_str().is_some_and(|name| !matches!(name, "string" | "unit"))
    }
}

/// How a parameter's type travels.
pub(crate) fn described(kind: &Type) -> syn::Result<Described> {
    let Type::Reference(reference) = kind else { return owned(kind).map(Described) };
    match &*reference.elem {
        Type::Path(path) if path.path.is_ident("str") && reference.mutability.is_none() => {
            Ok(Described("string".into()))
        }
        Type::Slice(slice) if reference.mutability.is_none() => Ok(Described(json!({ "list": owned(&slice.elem)? }))),
        _ => Err(Error::new(kind.span(), "of what is borrowed, only `&str` and `&[T]` travel: take it by value")),
    }
}

/// How a result's type travels.
pub(crate) fn result(kind: &Type) -> syn::Result<Described> {
    match kind {
        Type::Reference(reference) if reference.lifetime.as_ref().is_some_and(|name| name.ident == "static") => {
            described(kind)
        }
        Type::Reference(_) => {
            Err(Error::new(kind.span(), "what is borrowed does not outlive the call: return it by value"))
        }
        kind => owned(kind).map(Described),
    }
}

/// What the comments above a function say.
pub(crate) fn doc(attributes: &[Attribute]) -> Option<String> {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    };
    let lines: Vec<String> = attributes.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn owned(kind: &Type) -> syn::Result<Value> {
    match kind {
        Type::Paren(kind) => owned(&kind.elem),
        Type::Group(kind) => owned(&kind.elem),
        Type::Tuple(kind) if kind.elems.is_empty() => Ok("unit".into()),
        Type::Tuple(kind) => Ok(json!({ "tuple": kind.elems.iter().map(owned).collect::<syn::Result<Vec<_>>>()? })),
        Type::Array(kind) => Ok(json!({ "list": owned(&kind.elem)? })),
        Type::Path(path) if path.qself.is_none() => named(&path.path),
        _ => Err(Error::new(kind.span(), "values of this type do not travel: they must have a form in JSON")),
    }
}

/// A type by its last name, as its author must have meant it; one that is not known is whatever serde makes of it.
fn named(path: &syn::Path) -> syn::Result<Value> {
    let Some(last) = path.segments.last() else { return Err(Error::new(path.span(), "a type has a name")) };
    let arguments: Vec<&Type> = match &last.arguments {
        PathArguments::AngleBracketed(list) => list
            .args
            .iter()
            .filter_map(|one| if let GenericArgument::Type(kind) = one { Some(kind) } else { None })
            .collect(),
        _ => Vec::new(),
    };
    let name = last.ident.to_string();
    let side = |kind: &Type| owned(kind).map(|kind| if kind == "unit" { Value::Null } else { kind });
    Ok(match (name.as_str(), arguments.as_slice()) {
        ("bool" | "char" | "f32" | "f64" | "u8" | "u16" | "u32" | "u64", []) => name.into(),
        ("i8" | "i16" | "i32" | "i64", []) => name.replacen('i', "s", 1).into(),
        ("isize", []) => "s32".into(),
        ("usize", []) => "u32".into(),
        ("String", []) => "string".into(),
        ("Vec" | "VecDeque" | "BTreeSet" | "HashSet", [item]) => json!({ "list": owned(item)? }),
        ("Option", [item]) => json!({ "option": owned(item)? }),
        ("Box", [item]) => owned(item)?,
        ("Result", [ok, err]) => json!({ "result": { "ok": side(ok)?, "err": side(err)? } }),
        ("HashMap" | "BTreeMap", [key, value]) if owned(key)? == "string" => json!({ "map": owned(value)? }),
        _ => json!({ "any": quote::quote!(#path).to_string().replace(' ', "") }),
    })
}
