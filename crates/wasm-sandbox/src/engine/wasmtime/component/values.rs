//! Values as the engine has them.

use std::collections::HashSet;

use wasm_sandbox_policy::{LimitHit, ResourceKind};
use wasmtime::component::{Type, Val};

use super::handles::{self, Handles};
use crate::value::ComponentValue;

/// Why arguments are not passed. Then nothing was given away.
pub(super) enum Refused {
    /// A handle is not one of this instance's or of another type, or is given away and used at a time.
    Misfit(String),
    /// They are more than a call may carry.
    Limit(LimitHit),
}

/// The arguments for the engine, which are of these types. Handles are looked up, and those that are given away are no longer the
/// caller's. `limit` bounds their bytes.
pub(super) fn lowered(
    arguments: Vec<ComponentValue>,
    types: &[Type],
    handles: &mut Handles,
    limit: u64,
) -> Result<Vec<Val>, Refused> {
    let mut used = Used { given: HashSet::new(), lent: HashSet::new(), weight: Weight { bytes: 0, limit } };
    for (argument, kind) in arguments.iter().zip(types) {
        used.look(argument, handles)?;
        check_handles(argument, kind, handles)?;
    }
    if let Some(number) = used.given.iter().find(|number| used.lent.contains(number)) {
        return Err(Refused::Misfit(format!("handle {number} is given away and used at a time")));
    }
    Ok(arguments.into_iter().map(|argument| lower(argument, handles)).collect())
}

/// A value without handles for the engine.
pub(super) fn plain(value: ComponentValue) -> Val {
    lower(value, &mut Handles::default())
}

/// Handles are of the types that the parameter has in their places. What is no handle was lowered by the same type.
fn check_handles(argument: &ComponentValue, kind: &Type, handles: &Handles) -> Result<(), Refused> {
    let held = |value: &Option<Box<ComponentValue>>, kind: Option<Type>| match (value, kind) {
        (Some(value), Some(kind)) => check_handles(value, &kind, handles),
        _ => Ok(()),
    };
    match (argument, kind) {
        (ComponentValue::Handle { number, .. }, Type::Own(wanted) | Type::Borrow(wanted)) => {
            match handles.lend(*number) {
                Some(resource) if resource.ty() == *wanted => Ok(()),
                _ => Err(Refused::Misfit(format!("handle {number} stands for something of another type"))),
            }
        }
        (ComponentValue::List(values), Type::List(list)) if has_handles(&list.ty()) => {
            let kind = list.ty();
            values.iter().try_for_each(|value| check_handles(value, &kind, handles))
        }
        (ComponentValue::Tuple(values), Type::Tuple(tuple)) => {
            values.iter().zip(tuple.types()).try_for_each(|(value, kind)| check_handles(value, &kind, handles))
        }
        (ComponentValue::Record(fields), Type::Record(record)) => {
            let fields = fields.iter().zip(record.fields());
            fields.into_iter().try_for_each(|((_, value), field)| check_handles(value, &field.ty, handles))
        }
        (ComponentValue::Variant(name, value), Type::Variant(variant)) => {
            let case = variant.cases().find(|case| case.name == name);
            held(value, case.and_then(|case| case.ty))
        }
        (ComponentValue::Option(value), Type::Option(option)) => held(value, Some(option.ty())),
        (ComponentValue::Result(Ok(value)), Type::Result(result)) => held(value, result.ok()),
        (ComponentValue::Result(Err(value)), Type::Result(result)) => held(value, result.err()),
        _ => Ok(()),
    }
}

fn has_handles(kind: &Type) -> bool {
    any(kind, &|kind| matches!(kind, Type::Own(_) | Type::Borrow(_)))
}

/// Whether a type holds lists of flags.
pub(super) fn has_flag_lists(kind: &Type) -> bool {
    any(kind, &|kind| match kind {
        Type::List(list) => any(&list.ty(), &|kind| matches!(kind, Type::Flags(_))),
        _ => false,
    })
}

/// Whether a type is, or holds, one of which this is true.
fn any(kind: &Type, is: &dyn Fn(&Type) -> bool) -> bool {
    is(kind)
        || match kind {
            Type::List(list) => any(&list.ty(), is),
            Type::Option(option) => any(&option.ty(), is),
            Type::Result(result) => result.ok().iter().chain(&result.err()).any(|kind| any(kind, is)),
            Type::Tuple(tuple) => tuple.types().any(|kind| any(&kind, is)),
            Type::Record(record) => record.fields().any(|field| any(&field.ty, is)),
            Type::Variant(variant) => variant.cases().any(|case| case.ty.is_some_and(|kind| any(&kind, is))),
            _ => false,
        }
}

/// What values weigh on the host, about.
struct Weight {
    bytes: u64,
    limit: u64,
}

impl Weight {
    fn count(&mut self, bytes: usize) -> Result<(), LimitHit> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.bytes > self.limit {
            return Err(LimitHit { kind: ResourceKind::Input, used: self.bytes, limit: self.limit });
        }
        Ok(())
    }
}

struct Used {
    given: HashSet<u64>,
    lent: HashSet<u64>,
    weight: Weight,
}

impl Used {
    fn look(&mut self, value: &ComponentValue, handles: &Handles) -> Result<(), Refused> {
        let bytes = match value {
            ComponentValue::String(text) => text.len() + 1,
            ComponentValue::Flags(set) => 1 + set.len(),
            _ => 1,
        };
        self.weight.count(bytes).map_err(Refused::Limit)?;
        match value {
            ComponentValue::Handle { number, owned } => {
                if handles.lend(*number).is_none() {
                    return Err(Refused::Misfit(handles::unknown(*number)));
                }
                if !owned {
                    self.lent.insert(*number);
                } else if !self.given.insert(*number) {
                    return Err(Refused::Misfit(format!("handle {number} is given away twice")));
                }
                Ok(())
            }
            ComponentValue::List(values) | ComponentValue::Tuple(values) => {
                values.iter().try_for_each(|value| self.look(value, handles))
            }
            ComponentValue::Record(fields) => fields.iter().try_for_each(|(_, value)| self.look(value, handles)),
            ComponentValue::Variant(_, Some(held))
            | ComponentValue::Option(Some(held))
            | ComponentValue::Result(Ok(Some(held)) | Err(Some(held))) => self.look(held, handles),
            _ => Ok(()),
        }
    }
}

fn lower(value: ComponentValue, handles: &mut Handles) -> Val {
    let mut boxed = |held: Option<Box<ComponentValue>>| held.map(|held| Box::new(lower(*held, handles)));
    match value {
        ComponentValue::Bool(value) => Val::Bool(value),
        ComponentValue::S8(value) => Val::S8(value),
        ComponentValue::U8(value) => Val::U8(value),
        ComponentValue::S16(value) => Val::S16(value),
        ComponentValue::U16(value) => Val::U16(value),
        ComponentValue::S32(value) => Val::S32(value),
        ComponentValue::U32(value) => Val::U32(value),
        ComponentValue::S64(value) => Val::S64(value),
        ComponentValue::U64(value) => Val::U64(value),
        ComponentValue::F32(value) => Val::Float32(value),
        ComponentValue::F64(value) => Val::Float64(value),
        ComponentValue::Char(value) => Val::Char(value),
        ComponentValue::String(value) => Val::String(value),
        ComponentValue::List(values) => Val::List(values.into_iter().map(|value| lower(value, handles)).collect()),
        ComponentValue::Tuple(values) => Val::Tuple(values.into_iter().map(|value| lower(value, handles)).collect()),
        ComponentValue::Record(fields) => {
            Val::Record(fields.into_iter().map(|(name, value)| (name, lower(value, handles))).collect())
        }
        ComponentValue::Variant(name, held) => Val::Variant(name, boxed(held)),
        ComponentValue::Enum(name) => Val::Enum(name),
        ComponentValue::Option(held) => Val::Option(boxed(held)),
        ComponentValue::Result(Ok(held)) => Val::Result(Ok(boxed(held))),
        ComponentValue::Result(Err(held)) => Val::Result(Err(boxed(held))),
        ComponentValue::Flags(set) => Val::Flags(set),
        ComponentValue::Handle { number, owned } => {
            let resource = if owned { handles.take(number) } else { handles.lend(number) };
            // They were looked up before.
            resource.map_or(Val::Bool(false), Val::Resource)
        }
    }
}

/// Bytes that a record and each of its fields weigh besides their values, in JSON's form.
const RECORD: usize = 64;
const FIELD: usize = 16;

/// A result on its way to the caller.
pub(super) struct Lifting<'a> {
    handles: &'a mut Handles,
    weight: Weight,
}

impl<'a> Lifting<'a> {
    /// `limit` bounds the bytes of the result, what holds its parts together included.
    pub(super) fn new(handles: &'a mut Handles, limit: u64) -> Self {
        Self { handles, weight: Weight { bytes: 0, limit } }
    }

    pub(super) fn lift(&mut self, value: Val) -> Result<ComponentValue, LimitHit> {
        Ok(match value {
            Val::Bool(value) => self.plain(ComponentValue::Bool(value), 1)?,
            Val::S8(value) => self.plain(ComponentValue::S8(value), 1)?,
            Val::U8(value) => self.plain(ComponentValue::U8(value), 1)?,
            Val::S16(value) => self.plain(ComponentValue::S16(value), 2)?,
            Val::U16(value) => self.plain(ComponentValue::U16(value), 2)?,
            Val::S32(value) => self.plain(ComponentValue::S32(value), 4)?,
            Val::U32(value) => self.plain(ComponentValue::U32(value), 4)?,
            Val::S64(value) => self.plain(ComponentValue::S64(value), 8)?,
            Val::U64(value) => self.plain(ComponentValue::U64(value), 8)?,
            Val::Float32(value) => self.plain(ComponentValue::F32(value), 4)?,
            Val::Float64(value) => self.plain(ComponentValue::F64(value), 8)?,
            Val::Char(value) => self.plain(ComponentValue::Char(value), 4)?,
            Val::String(text) => {
                self.weight.count(text.len() + 8)?;
                ComponentValue::String(text)
            }
            Val::List(values) | Val::FixedLengthList(values) => ComponentValue::List(self.all(values)?),
            Val::Tuple(values) => ComponentValue::Tuple(self.all(values)?),
            Val::Record(fields) => {
                self.weight.count(RECORD + FIELD * fields.len())?;
                let field = |(name, value)| Ok((name, self.lift(value)?));
                ComponentValue::Record(fields.into_iter().map(field).collect::<Result<_, _>>()?)
            }
            Val::Map(pairs) => {
                let pair = |(key, value)| Ok(ComponentValue::Tuple(vec![self.lift(key)?, self.lift(value)?]));
                ComponentValue::List(pairs.into_iter().map(pair).collect::<Result<_, _>>()?)
            }
            Val::Variant(name, held) => ComponentValue::Variant(name, self.boxed(held)?),
            Val::Enum(name) => self.plain(ComponentValue::Enum(name), FIELD)?,
            Val::Option(held) => ComponentValue::Option(self.boxed(held)?),
            Val::Result(Ok(held)) => ComponentValue::Result(Ok(self.boxed(held)?)),
            Val::Result(Err(held)) => ComponentValue::Result(Err(self.boxed(held)?)),
            Val::Flags(set) => {
                let bytes = FIELD * (1 + set.len());
                self.plain(ComponentValue::Flags(set), bytes)?
            }
            Val::Resource(resource) => {
                ComponentValue::Handle { number: self.handles.insert(resource), owned: resource.owned() }
            }
            // No signature has these: functions with them are left out.
            Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => ComponentValue::Option(None),
        })
    }

    fn plain(&mut self, value: ComponentValue, bytes: usize) -> Result<ComponentValue, LimitHit> {
        self.weight.count(bytes).map(|()| value)
    }

    fn all(&mut self, values: Vec<Val>) -> Result<Vec<ComponentValue>, LimitHit> {
        self.weight.count(FIELD)?;
        values.into_iter().map(|value| self.lift(value)).collect()
    }

    fn boxed(&mut self, held: Option<Box<Val>>) -> Result<Option<Box<ComponentValue>>, LimitHit> {
        self.weight.count(FIELD)?;
        held.map(|held| self.lift(*held).map(Box::new)).transpose()
    }
}
