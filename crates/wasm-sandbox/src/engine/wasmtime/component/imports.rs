//! What a component imports beside the system's interfaces: functions of the caller's, served by its tools.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use wasmtime::{
    StoreContextMut,
    component::{Linker, Val},
};

use super::{
    handles::Handles,
    values::{self, Lifting},
};
use crate::{
    engine::{
        Mode,
        wasmtime::{door, instance::at_once, store::StoreData, trap::Stopped},
    },
    host::Stop,
    value::{Answered, ComponentValue, Signature},
};

/// Has every one of these functions call the tool of its name.
pub(super) fn add(linker: &mut Linker<StoreData>, imports: &[Signature], mode: Mode) -> wasmtime::Result<()> {
    for import in imports {
        let (interface, function) = match import.export.split_once('#') {
            Some((interface, function)) => (Some(interface), function),
            None => (None, import.export.as_str()),
        };
        let import = Arc::new(import.clone());
        let mut place = match interface {
            Some(interface) => linker.instance(interface)?,
            None => linker.root(),
        };
        match mode {
            // It waits on the thread, and so is done at once.
            Mode::Blocking => place.func_new(function, move |store, _, arguments, results| {
                give(at_once(call(store, &import, arguments.to_vec(), mode))?, results);
                Ok(())
            })?,
            Mode::Async => place.func_new_async(function, move |store, _, arguments, results| {
                let (import, arguments) = (Arc::clone(&import), arguments.to_vec());
                Box::new(async move {
                    give(call(store, &import, arguments, mode).await?, results);
                    Ok(())
                })
            })?,
        }
    }
    Ok(())
}

fn give(value: Option<Val>, results: &mut [Val]) {
    if let (Some(place), Some(value)) = (results.first_mut(), value) {
        *place = value;
    }
}

async fn call(
    mut store: StoreContextMut<'_, StoreData>,
    import: &Signature,
    arguments: Vec<Val>,
    mode: Mode,
) -> wasmtime::Result<Option<Val>> {
    let data = store.data_mut();
    let request = request(import, arguments, data.host.limits().input.as_u64())?;
    let call = match data.host.tool_start(&request).map_err(Stopped)? {
        0 => return Err(trap(format!("too many calls of tools are under way for `{}`", import.name))),
        call => call,
    };
    door::ended(data, Some(call), None, mode).await?;
    let answer = data.host.tool_take(call).map_err(Stopped)?.unwrap_or_default();
    let answered = import.answered(&answer).map_err(trap)?;
    let value = match answered {
        Answered::Value(value) => value,
        Answered::Failed(message) => return Err(trap(message)),
    };
    // No function that a tool serves has handles.
    Ok(value.map(values::plain))
}

/// The call as tools read it: names as they are written in Rust, Python and JavaScript.
fn request(import: &Signature, arguments: Vec<Val>, limit: u64) -> wasmtime::Result<Vec<u8>> {
    let mut handles = Handles::default();
    let mut lifting = Lifting::new(&mut handles, limit);
    let mut named = Map::new();
    for (parameter, argument) in import.params.iter().zip(arguments) {
        let value = lifting.lift(argument).map_err(|hit| Stopped(Stop::Limit(hit)))?;
        let value = value.snake().json().map_err(|error| trap(error.to_string()))?;
        named.insert(ComponentValue::snake_name(&parameter.name), value);
    }
    let request = json!({ "name": ComponentValue::snake_name(&import.name), "arguments": Value::Object(named) });
    Ok(request.to_string().into_bytes())
}

fn trap(message: String) -> wasmtime::Error {
    Stopped(Stop::Trap(message)).into()
}
