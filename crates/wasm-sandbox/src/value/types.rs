//! Rust types that are wasm values as they are, for typed handles and host functions.

use super::{WasmType, WasmValue};

/// A list of parameters that travel as wasm values: `()`, a tuple of up to eight of `i32`, `u32`, `i64`, `u64`, `f32` and
/// `f64`.
pub trait FunctionParams: sealed::Params {}

/// A result that travels as a wasm value: `()`, `i32`, `u32`, `i64`, `u64`, `f32` or `f64`.
pub trait FunctionResult: sealed::Result {}

impl<T: sealed::Params> FunctionParams for T {}
impl<T: sealed::Result> FunctionResult for T {}

/// The parameters of a component's function as a tuple: numbers, `bool`, `char`, `String`, and `Vec`, `Option`, `Result` and tuples of
/// them. Records and the like have [`call`](crate::Instance::call).
#[cfg(feature = "wasmtime")]
pub trait ComponentParams: sealed::ComponentParams {}

/// The result of a component's function: `()`, or a tuple of one such value.
#[cfg(feature = "wasmtime")]
pub trait ComponentResults: sealed::ComponentResults {}

#[cfg(feature = "wasmtime")]
impl<T: sealed::ComponentParams> ComponentParams for T {}

#[cfg(feature = "wasmtime")]
impl<T: sealed::ComponentResults> ComponentResults for T {}

pub(crate) mod sealed {
    use super::{WasmType, WasmValue};

    #[cfg(feature = "wasmtime")]
    pub trait ComponentParams: crate::engine::wasmtime::ComponentLower + Send + Sync + 'static {}
    #[cfg(feature = "wasmtime")]
    impl<T: crate::engine::wasmtime::ComponentLower + Send + Sync + 'static> ComponentParams for T {}
    #[cfg(feature = "wasmtime")]
    pub trait ComponentResults: crate::engine::wasmtime::ComponentLift + Send + Sync + 'static {}
    #[cfg(feature = "wasmtime")]
    impl<T: crate::engine::wasmtime::ComponentLift + Send + Sync + 'static> ComponentResults for T {}

    #[cfg(feature = "wasmtime")]
    pub trait EngineParams: crate::engine::wasmtime::WasmParams + Sync {}
    #[cfg(feature = "wasmtime")]
    impl<T: crate::engine::wasmtime::WasmParams + Sync> EngineParams for T {}
    #[cfg(feature = "wasmtime")]
    pub trait EngineResult: crate::engine::wasmtime::WasmResults + Sync {}
    #[cfg(feature = "wasmtime")]
    impl<T: crate::engine::wasmtime::WasmResults + Sync> EngineResult for T {}
    #[cfg(not(feature = "wasmtime"))]
    pub trait EngineParams {}
    #[cfg(not(feature = "wasmtime"))]
    impl<T> EngineParams for T {}
    #[cfg(not(feature = "wasmtime"))]
    pub trait EngineResult {}
    #[cfg(not(feature = "wasmtime"))]
    impl<T> EngineResult for T {}

    #[expect(private_interfaces, reason = "sealed: nobody outside can name or implement it")]
    pub trait Params: EngineParams + Send + Sized + 'static {
        const TYPES: &'static [WasmType];
        fn from_values(values: &[WasmValue]) -> Option<Self>;
    }

    #[expect(private_interfaces, reason = "sealed: nobody outside can name or implement it")]
    pub trait Result: EngineResult + Send + Sized + 'static {
        const TYPES: &'static [WasmType];
        fn into_value(self) -> Option<WasmValue>;
    }

    #[expect(private_interfaces, reason = "sealed: nobody outside can name or implement it")]
    pub trait Scalar: Send + Sized + 'static {
        const TYPE: WasmType;
        fn from_value(value: WasmValue) -> Option<Self>;
        fn into_value(self) -> WasmValue;
    }
}

macro_rules! scalars {
    ($($scalar:ty = $variant:ident as $as:ty;)*) => {$(
        #[expect(private_interfaces, reason = "sealed: nobody outside can name or implement it")]
        impl sealed::Scalar for $scalar {
            const TYPE: WasmType = WasmType::$variant;
            fn from_value(value: WasmValue) -> Option<Self> {
                match value {
                    WasmValue::$variant(value) => Some(value as $scalar),
                    _ => None,
                }
            }
            fn into_value(self) -> WasmValue {
                WasmValue::$variant(self as $as)
            }
        }

        #[expect(private_interfaces, reason = "sealed: nobody outside can name or implement it")]
        impl sealed::Result for $scalar {
            const TYPES: &'static [WasmType] = &[WasmType::$variant];
            fn into_value(self) -> Option<WasmValue> {
                Some(sealed::Scalar::into_value(self))
            }
        }
    )*};
}

// The casts between the signed and unsigned integers of one width keep every bit: wasm has only one of them.
scalars! {
    i32 = I32 as i32;
    u32 = I32 as i32;
    i64 = I64 as i64;
    u64 = I64 as i64;
    f32 = F32 as f32;
    f64 = F64 as f64;
}

#[expect(private_interfaces, reason = "sealed: nobody outside can name or implement it")]
impl sealed::Result for () {
    const TYPES: &'static [WasmType] = &[];
    fn into_value(self) -> Option<WasmValue> {
        None
    }
}

macro_rules! tuples {
    ($(($($name:ident)*))*) => {$(
        #[expect(private_interfaces, reason = "sealed: nobody outside can name or implement it")]
        impl<$($name: sealed::Scalar),*> sealed::Params for ($($name,)*)
        where
            ($($name,)*): sealed::EngineParams,
        {
            const TYPES: &'static [WasmType] = &[$($name::TYPE),*];
            #[allow(non_snake_case, reason = "the macro's type names serve as variables too, where there are any")]
            fn from_values(values: &[WasmValue]) -> Option<Self> {
                match values {
                    [$($name),*] => Some(($($name::from_value(*$name)?,)*)),
                    _ => None,
                }
            }
        }
    )*};
}

tuples! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }
