//! What the types of a component come to, reckoned before the validator reads them: it descends into types in types, and makes
//! the types of an instance anew wherever one is imported or made. A hundred kilobytes could ask for all of the stack, and one
//! for gigabytes.

use wasmparser::{
    BinaryReader, ComponentAlias, ComponentDefinedType, ComponentExport, ComponentExternName, ComponentExternalKind,
    ComponentImport, ComponentInstance, ComponentOuterAliasKind, ComponentType, ComponentTypeRef, CoreType, FromReader,
    Payload, TypeBounds,
};

use super::{MAX_DEPTH, MAX_ENTRIES, at_most, invalid};

/// Types that all instances may have together. One in an instance that lies in others counts as often as they are deep.
const MAX_MADE: u32 = 1_000_000;

/// How the binary format begins the types of components and of instances.
const COMPONENT: u8 = 0x41;
const INSTANCE: u8 = 0x42;

/// What an instance brings with it.
#[derive(Clone, Copy)]
struct Weight {
    parts: u32,
    depth: u32,
}

impl Weight {
    const fn of(parts: u32) -> Self {
        Self { parts, depth: 0 }
    }

    fn add(&mut self, other: Self) {
        self.parts = self.parts.saturating_add(other.parts);
        self.depth = self.depth.max(other.depth);
    }
}

/// A module, a component or the type of one or of an instance, while it is read.
struct Scope {
    is_component: bool,
    /// What is declared in it so far, by its index.
    types: Vec<Weight>,
    components: Vec<Weight>,
    /// All of that together.
    weight: Weight,
}

pub(super) struct Reckoning {
    scopes: Vec<Scope>,
    declared: u32,
    made: u32,
    /// The most that anything has so far, for what comes out of instances and is known to the validator only.
    largest: Weight,
}

impl Default for Reckoning {
    fn default() -> Self {
        Self { scopes: Vec::new(), declared: 0, made: 0, largest: Weight::of(1) }
    }
}

impl Reckoning {
    /// A module or component begins.
    pub(super) fn open(&mut self, is_component: bool) -> Result<(), String> {
        let scope = Scope { is_component, types: Vec::new(), components: Vec::new(), weight: Weight::of(0) };
        self.scopes.push(scope);
        if self.scopes.len() > MAX_DEPTH {
            return Err(format!("its components lie more than {MAX_DEPTH} deep in each other"));
        }
        Ok(())
    }

    /// How many modules and components are open between two sections.
    pub(super) fn depth(&self) -> usize {
        self.scopes.len()
    }

    /// It ends.
    pub(super) fn close(&mut self) {
        let Some(scope) = self.scopes.pop() else { return };
        self.see(scope.weight);
        if let Some(parent) = self.scopes.last_mut()
            && scope.is_component
        {
            parent.components.push(scope.weight);
        }
    }

    /// Reckons with a section of a component's.
    pub(super) fn add(&mut self, payload: &Payload<'_>, wasm: &[u8]) -> Result<(), String> {
        match payload {
            Payload::ComponentTypeSection(reader) => {
                let section = wasm.get(reader.range()).unwrap_or_default();
                self.types(BinaryReader::new(section, reader.range().start))?;
            }
            Payload::CoreTypeSection(reader) => each(reader, |kind| self.core(&kind))?,
            Payload::ComponentAliasSection(reader) => each(reader, |alias| self.alias(&alias))?,
            Payload::ComponentImportSection(reader) => each(reader, |import| self.import(&import))?,
            Payload::ComponentExportSection(reader) => each(reader, |export| self.export(&export))?,
            Payload::ComponentInstanceSection(reader) => each(reader, |instance| self.instance(&instance))?,
            _ => {}
        }
        at_most(self.declared, MAX_ENTRIES, "declarations in its types")?;
        at_most(self.made, MAX_MADE, "types in its instances")
    }

    /// A section of types. Those in types are read without a call for each, for there is no end to how deep they may lie.
    fn types(&mut self, mut reader: BinaryReader<'_>) -> Result<(), String> {
        // What is left of the section, and of each type that is open.
        let mut left: Vec<u32> = vec![read(&mut reader)?];
        while let Some(count) = left.pop() {
            let in_type = !left.is_empty();
            match count.checked_sub(1) {
                None if in_type => self.close_type(),
                None => {}
                Some(count) => {
                    left.push(count);
                    left.extend(self.declaration(&mut reader, in_type)?);
                }
            }
        }
        Ok(())
    }

    /// One item of a section of types or of a type; if it is a type with items of its own, how many.
    fn declaration(&mut self, reader: &mut BinaryReader<'_>, in_type: bool) -> Result<Option<u32>, String> {
        self.declared = self.declared.saturating_add(1);
        at_most(self.declared, MAX_ENTRIES, "declarations in its types")?;
        if in_type {
            match read_byte(reader)? {
                0x00 => return read(reader).map(|kind| self.core(&kind)).map(|()| None),
                0x01 => {}
                0x02 => return read(reader).map(|alias| self.alias(&alias)).map(|()| None),
                0x03 => return read(reader).map(|import| self.import(&import)).map(|()| None),
                0x04 => {
                    read::<ComponentExternName<'_>>(reader)?;
                    return read(reader).map(|kind| self.entity(kind)).map(|()| None);
                }
                other => return Err(format!("it is not valid: {other:#x} begins no declaration in a type")),
            }
        }
        let mut ahead = reader.clone();
        if let COMPONENT | INSTANCE = read_byte(&mut ahead)? {
            *reader = ahead;
            self.open(false)?;
            return read(reader).map(Some);
        }
        let parts = parts(&read(reader)?);
        self.declare(Weight::of(parts));
        Ok(None)
    }

    /// A type of modules, which lists what they import and export.
    fn core(&mut self, kind: &CoreType<'_>) {
        if let CoreType::Module(declarations) = kind {
            self.declared = self.declared.saturating_add(u32::try_from(declarations.len()).unwrap_or(u32::MAX));
        }
    }

    fn close_type(&mut self) {
        let Some(scope) = self.scopes.pop() else { return };
        self.see(scope.weight);
        self.declare(scope.weight);
    }

    fn see(&mut self, weight: Weight) {
        self.largest =
            Weight { parts: self.largest.parts.max(weight.parts), depth: self.largest.depth.max(weight.depth) };
    }

    /// A type that is written here.
    fn declare(&mut self, weight: Weight) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.types.push(weight);
            scope.weight.add(weight);
        }
    }

    /// An instance of this, which has all of its types anew, and is one thing more.
    fn make(&mut self, weight: Weight) {
        let within = Weight { parts: weight.parts.saturating_add(1), depth: weight.depth.saturating_add(1) };
        self.made = self.made.saturating_add(within.parts.saturating_mul(within.depth));
        if let Some(scope) = self.scopes.last_mut() {
            scope.weight.add(within);
        }
    }

    fn import(&mut self, import: &ComponentImport<'_>) {
        self.entity(import.ty);
    }

    /// What is imported or, in types, exported.
    fn entity(&mut self, kind: ComponentTypeRef) {
        match kind {
            ComponentTypeRef::Instance(index) => self.make(self.kind(0, index)),
            ComponentTypeRef::Component(index) => {
                let weight = self.kind(0, index);
                self.make(weight);
                self.name(ComponentExternalKind::Component, weight);
            }
            ComponentTypeRef::Type(TypeBounds::Eq(index)) => {
                self.name(ComponentExternalKind::Type, self.kind(0, index))
            }
            ComponentTypeRef::Type(TypeBounds::SubResource) => self.declare(Weight::of(1)),
            ComponentTypeRef::Module(_) | ComponentTypeRef::Func(_) | ComponentTypeRef::Value(_) => self.hold(1),
        }
    }

    fn export(&mut self, export: &ComponentExport<'_>) {
        let weight = match export.kind {
            ComponentExternalKind::Type => self.kind(0, export.index),
            ComponentExternalKind::Component => self.component(0, export.index),
            _ => Weight::of(1),
        };
        match export.ty {
            Some(ComponentTypeRef::Instance(index)) => self.make(self.kind(0, index)),
            _ => self.name(export.kind, weight),
        }
    }

    fn instance(&mut self, instance: &ComponentInstance<'_>) {
        let (weight, given) = match instance {
            ComponentInstance::Instantiate { component_index, args } => {
                (self.component(0, *component_index), args.len())
            }
            ComponentInstance::FromExports(exports) => (Weight::of(0), exports.len()),
        };
        self.make(weight);
        self.hold(given);
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) {
        match *alias {
            ComponentAlias::InstanceExport { kind, .. } => self.name(kind, self.largest),
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Type, count, index } => {
                self.name(ComponentExternalKind::Type, self.kind(count, index));
            }
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                self.name(ComponentExternalKind::Component, self.component(count, index));
            }
            ComponentAlias::CoreInstanceExport { .. } | ComponentAlias::Outer { .. } => {}
        }
    }

    /// Another name of what there is already: no more of it, but an index.
    fn name(&mut self, kind: ComponentExternalKind, weight: Weight) {
        let Some(scope) = self.scopes.last_mut() else { return };
        match kind {
            ComponentExternalKind::Type => scope.types.push(weight),
            ComponentExternalKind::Component => scope.components.push(weight),
            _ => {}
        }
        self.hold(1);
    }

    /// So many things that have no types of their own.
    fn hold(&mut self, parts: usize) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.weight.add(Weight::of(u32::try_from(parts).unwrap_or(u32::MAX)));
        }
    }

    /// A type so many scopes further out. One that is not there is for the validator to refuse.
    fn kind(&self, out: u32, index: u32) -> Weight {
        self.out(out).and_then(|scope| scope.types.get(index as usize)).copied().unwrap_or(self.largest)
    }

    fn component(&self, out: u32, index: u32) -> Weight {
        self.out(out).and_then(|scope| scope.components.get(index as usize)).copied().unwrap_or(self.largest)
    }

    fn out(&self, out: u32) -> Option<&Scope> {
        self.scopes.iter().rev().nth(out as usize)
    }
}

/// Parts of a type that is made anew with its instance.
fn parts(kind: &ComponentType<'_>) -> u32 {
    let parts = match kind {
        ComponentType::Func(function) => function.params.len(),
        ComponentType::Defined(ComponentDefinedType::Record(fields)) => fields.len(),
        ComponentType::Defined(ComponentDefinedType::Variant(cases)) => cases.len(),
        ComponentType::Defined(ComponentDefinedType::Tuple(kinds)) => kinds.len(),
        ComponentType::Defined(ComponentDefinedType::Flags(names) | ComponentDefinedType::Enum(names)) => names.len(),
        _ => 0,
    };
    u32::try_from(parts).unwrap_or(u32::MAX).saturating_add(1)
}

fn each<'a, T: FromReader<'a>>(
    reader: &wasmparser::SectionLimited<'a, T>,
    mut reckon: impl FnMut(T),
) -> Result<(), String> {
    reader.clone().into_iter().try_for_each(|item| item.map(&mut reckon)).map_err(|error| invalid(&error))
}

fn read<'a, T: FromReader<'a>>(reader: &mut BinaryReader<'a>) -> Result<T, String> {
    reader.read().map_err(|error| invalid(&error))
}

fn read_byte(reader: &mut BinaryReader<'_>) -> Result<u8, String> {
    reader.read_u8().map_err(|error| invalid(&error))
}
