//! The export of one function, and the description that goes with it.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use syn::{Error, FnArg, ItemFn, Pat, ReturnType, Type, ext::IdentExt, spanned::Spanned};

use crate::signature::{self, Described};

pub(crate) fn export(options: &TokenStream, item: &TokenStream) -> syn::Result<TokenStream> {
    if !options.is_empty() {
        return Err(Error::new(options.span(), "the attribute takes nothing: write `#[export]`"));
    }
    let function: ItemFn = syn::parse2(item.clone())?;
    let exported = Exported::of(&function)?;
    let wrapper = if exported.is_direct() { exported.direct() } else { exported.json() };
    let section = exported.section();
    Ok(quote! {
        #item
        const _: () = {
            #wrapper
            #section
        };
    })
}

struct Exported<'a> {
    function: &'a ItemFn,
    name: String,
    params: Vec<(String, &'a Type, Described)>,
    result: Option<(&'a Type, Described)>,
}

impl<'a> Exported<'a> {
    fn of(function: &'a ItemFn) -> syn::Result<Self> {
        let sig = &function.sig;
        let reasons = [
            (!sig.generics.params.is_empty(), "a generic function cannot be called from outside"),
            (sig.asyncness.is_some(), "an `async` function cannot be called from outside"),
            (sig.unsafety.is_some(), "an `unsafe` function cannot be called from outside"),
            (sig.abi.is_some() || sig.variadic.is_some(), "an `extern` function is exported in its own way"),
        ];
        if let Some((_, reason)) = reasons.into_iter().find(|(is, _)| *is) {
            return Err(Error::new(sig.span(), reason));
        }
        let params = sig.inputs.iter().enumerate().map(|(index, input)| {
            let FnArg::Typed(input) = input else {
                return Err(Error::new(input.span(), "a method cannot be called from outside"));
            };
            let name = match &*input.pat {
                Pat::Ident(name) => name.ident.unraw().to_string(),
                _ => format!("p{index}"),
            };
            Ok((name, &*input.ty, signature::described(&input.ty)?))
        });
        let result = match &sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, kind) => Some((&**kind, signature::result(kind)?)).filter(|(_, kind)| !kind.is_unit()),
        };
        let (params, name) = (params.collect::<syn::Result<_>>()?, sig.ident.unraw().to_string());
        Ok(Self { function, name, params, result })
    }

    /// Whether everything is one wasm value.
    fn is_direct(&self) -> bool {
        let kinds = self.params.iter().map(|(.., kind)| kind).chain(self.result.iter().map(|(_, kind)| kind));
        kinds.into_iter().all(Described::is_scalar)
    }

    fn export_name(&self) -> String {
        format!("wasm_sandbox_call_{}", self.name)
    }

    fn direct(&self) -> TokenStream {
        let (function, export) = (&self.function.sig.ident, self.export_name());
        let names: Vec<_> = (0..self.params.len()).map(|index| format_ident!("a{index}")).collect();
        let types = self.params.iter().map(|(_, kind, described)| match described.is_char() {
            true => quote!(u32),
            false => quote!(#kind),
        });
        let passed = names.iter().zip(&self.params).map(|(name, (.., described))| match described.is_char() {
            true => quote!(::core::char::from_u32(#name).unwrap_or_default()),
            false => quote!(#name),
        });
        let (result, convert) = match &self.result {
            None => (quote!(), quote!(;)),
            Some((_, described)) if described.is_char() => (quote!(-> u32), quote!(as u32)),
            Some((kind, _)) => (quote!(-> #kind), quote!()),
        };
        quote! {
            #[allow(unsafe_code)]
            #[unsafe(export_name = #export)]
            extern "C" fn exported(#(#names: #types),*) #result { #function(#(#passed),*) #convert }
        }
    }

    fn json(&self) -> TokenStream {
        let (function, export) = (&self.function.sig.ident, self.export_name());
        let names: Vec<_> = (0..self.params.len()).map(|index| format_ident!("a{index}")).collect();
        let owned = self.params.iter().map(|(_, kind, _)| match kind {
            Type::Reference(reference) => match &*reference.elem {
                Type::Slice(slice) => {
                    let item = &slice.elem;
                    quote!(::std::vec::Vec<#item>)
                }
                _ => quote!(::std::string::String),
            },
            kind => quote!(#kind),
        });
        let passed = names.iter().zip(&self.params).map(|(name, (_, kind, _))| match kind {
            Type::Reference(_) => quote!(&#name),
            _ => quote!(#name),
        });
        let answer = match &self.result {
            Some((_, described)) if described.is_result() => quote!(answer_result),
            _ => quote!(answer),
        };
        quote! {
            #[allow(unsafe_code)]
            #[unsafe(export_name = #export)]
            extern "C" fn exported(pointer: usize, len: usize) -> u64 {
                type Arguments = (#(#owned,)* ::wasm_sandbox_guest::abi::End,);
                ::wasm_sandbox_guest::abi::call(pointer, len, |(#(#names,)* _,): Arguments| {
                    ::wasm_sandbox_guest::abi::#answer(#function(#(#passed),*))
                })
            }
        }
    }

    /// The description, which the linker puts one after the other with those of all other functions.
    fn section(&self) -> TokenStream {
        let params: Vec<_> = self
            .params
            .iter()
            .map(|(name, _, kind)| serde_json::json!({ "name": name, "type": kind.json() }))
            .collect();
        let abi = if self.is_direct() { "direct" } else { "json" };
        let named = [("name", self.name.clone().into()), ("export", self.export_name().into()), ("abi", abi.into())];
        let result = self.result.as_ref().map(|(_, kind)| ("result", kind.json().clone()));
        let doc = signature::doc(&self.function.attrs).map(|doc| ("doc", doc.into()));
        let all = named.into_iter().chain([("params", params.into())]).chain(result).chain(doc);
        let signature: serde_json::Map<_, _> = all.map(|(key, value)| (key.to_owned(), value)).collect();
        let section = serde_json::json!({ "version": 1, "functions": [signature] }).to_string();
        let (bytes, len) = (Literal::byte_string(section.as_bytes()), section.len());
        quote! {
            #[allow(unsafe_code)]
            #[cfg_attr(target_family = "wasm", unsafe(link_section = "wasm-sandbox.signatures"))]
            #[used]
            static SIGNATURE: [u8; #len] = *#bytes;
        }
    }
}
