//! The attribute of `wasm-sandbox-guest`, which says what it does.

mod expand;
mod signature;

/// Exports a function to callers outside of the sandbox; see the crate `wasm-sandbox-guest`.
#[proc_macro_attribute]
pub fn export(options: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    match expand::export(&options.into(), &item) {
        Ok(exported) => exported.into(),
        // The function stays what it is, so that nothing else is said against it.
        Err(error) => [item, error.to_compile_error()].into_iter().collect::<proc_macro2::TokenStream>().into(),
    }
}
