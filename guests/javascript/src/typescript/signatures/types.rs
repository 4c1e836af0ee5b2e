//! Types that the host can check values against. Their form on the wire is that of the host's signatures.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use oxc_ast::ast::{
    Declaration, Program, Statement, TSInterfaceDeclaration, TSLiteral, TSNamedTupleMember,
    TSSignature, TSTupleElement, TSType, TSTypeAliasDeclaration, TSTypeAnnotation, TSTypeName, TSTypeOperatorOperator,
    TSTypeParameterDeclaration, TSTypeReference,
};
use oxc_span::{GetSpan, Span};
use serde::Serialize;

use super::Parameter;

/// How deep a type is described, and how many types a function has together: names stand for types that may be large, and
/// again for others.
const MAX_DEPTH: usize = 16;
const MAX_TYPES: usize = 500;

/// Characters of a type that is only shown.
const MAX_SHOWN: usize = 60;

/// A type, as `Type` of the host.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Type {
    Bool,
    F64,
    String,
    Unit,
    List(Box<Type>),
    Option(Box<Type>),
    Tuple(Vec<Type>),
    Record { name: String, fields: Vec<Parameter> },
    Map(Box<Type>),
    Any(String),
}

impl Type {
    pub(super) fn any() -> Self {
        Type::Any("any".to_owned())
    }

    /// Of something that may be left out.
    pub(super) fn optional(self) -> Self {
        if matches!(self, Type::Option(_)) { self } else { Type::Option(Box::new(self)) }
    }
}

/// What names of types stand for in a file.
pub(super) struct Types<'p, 'a> {
    text: &'a str,
    interfaces: BTreeMap<&'a str, Vec<&'p TSInterfaceDeclaration<'a>>>,
    aliases: BTreeMap<&'a str, &'p TSTypeAliasDeclaration<'a>>,
}

/// A type being described.
pub(super) struct Within<'t, 'p, 'a> {
    types: &'t Types<'p, 'a>,
    /// Names that stand for no type of the file, or are just being described.
    closed: RefCell<Vec<&'a str>>,
    depth: Cell<usize>,
    left: Cell<usize>,
}

impl<'p, 'a> Types<'p, 'a> {
    pub(super) fn of(program: &'p Program<'a>) -> Self {
        let mut types = Self {
            text: program.source_text,
            interfaces: BTreeMap::new(),
            aliases: BTreeMap::new(),
        };
        for statement in &program.body {
            let declaration = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                other => other.as_declaration(),
            };
            match declaration {
                Some(Declaration::TSInterfaceDeclaration(interface)) => {
                    types.interfaces.entry(interface.id.name.as_str()).or_default().push(interface);
                }
                Some(Declaration::TSTypeAliasDeclaration(alias)) => {
                    types.aliases.insert(alias.id.name.as_str(), alias);
                }
                _ => {}
            }
        }
        types
    }

    /// Inside of a function with type parameters.
    pub(super) fn within(&self, generics: Option<&'p TSTypeParameterDeclaration<'a>>) -> Within<'_, 'p, 'a> {
        let names = generics.iter().flat_map(|generics| &generics.params).map(|one| one.name.name.as_str());
        Within { types: self, closed: RefCell::new(names.collect()), depth: Cell::new(0), left: Cell::new(MAX_TYPES) }
    }
}

impl<'a> Within<'_, '_, 'a> {
    pub(super) fn annotated(&self, given: &TSTypeAnnotation<'a>) -> Type {
        self.describe(&given.type_annotation)
    }

    /// What a function gives back; of a promise, what it comes to.
    pub(super) fn result(&self, given: Option<&TSTypeAnnotation<'a>>) -> Type {
        let Some(given) = given else { return Type::any() };
        match given.type_annotation.without_parenthesized() {
            TSType::TSTypeReference(name) if matches!(named(&name.type_name), Some("Promise" | "PromiseLike")) => {
                self.argument(name, 0)
            }
            TSType::TSTypePredicate(predicate) => {
                if predicate.asserts { Type::Unit } else { Type::Bool }
            }
            other => self.describe(other),
        }
    }

    fn describe(&self, kind: &TSType<'a>) -> Type {
        let (depth, left) = (self.depth.get(), self.left.get());
        if depth >= MAX_DEPTH || left == 0 {
            return self.shown(kind.span());
        }
        self.left.set(left - 1);
        self.depth.set(depth + 1);
        let described = self.known(kind);
        self.depth.set(depth);
        described.unwrap_or_else(|| self.shown(kind.span()))
    }

    fn known(&self, kind: &TSType<'a>) -> Option<Type> {
        Some(match kind {
            TSType::TSAnyKeyword(_) | TSType::TSUnknownKeyword(_) => Type::any(),
            TSType::TSBooleanKeyword(_) => Type::Bool,
            TSType::TSNumberKeyword(_) => Type::F64,
            TSType::TSStringKeyword(_) | TSType::TSTemplateLiteralType(_) => Type::String,
            TSType::TSNullKeyword(_) | TSType::TSUndefinedKeyword(_) | TSType::TSVoidKeyword(_) => Type::Unit,
            TSType::TSArrayType(list) => Type::List(Box::new(self.describe(&list.element_type))),
            TSType::TSParenthesizedType(inner) => self.describe(&inner.type_annotation),
            TSType::TSTypeOperatorType(operator) if operator.operator == TSTypeOperatorOperator::Readonly => {
                self.describe(&operator.type_annotation)
            }
            TSType::TSLiteralType(literal) => self.literal(&literal.literal)?,
            TSType::TSUnionType(union) => self.union(kind.span(), &union.types),
            TSType::TSIntersectionType(all) => self.intersection(kind.span(), &all.types)?,
            TSType::TSTupleType(tuple) => {
                Type::Tuple(tuple.element_types.iter().map(|element| self.element(element)).collect::<Option<_>>()?)
            }
            TSType::TSTypeLiteral(object) => self.object(self.text(kind.span()), &object.members)?,
            TSType::TSTypeReference(name) => self.reference(name)?,
            _ => return None,
        })
    }

    fn literal(&self, literal: &TSLiteral<'a>) -> Option<Type> {
        match literal {
            TSLiteral::BooleanLiteral(_) => Some(Type::Bool),
            TSLiteral::NumericLiteral(_) => Some(Type::F64),
            TSLiteral::StringLiteral(_) | TSLiteral::TemplateLiteral(_) => Some(Type::String),
            TSLiteral::UnaryExpression(signed) if signed.argument.is_number_literal() => Some(Type::F64),
            _ => None,
        }
    }

    /// Types that are the same for the host, or nothing.
    fn union(&self, span: Span, types: &[TSType<'a>]) -> Type {
        let mut known: Vec<Type> = types.iter().map(|one| self.describe(one)).collect();
        let all = known.len();
        known.retain(|one| *one != Type::Unit);
        let nothing = known.len() < all;
        let Some(first) = known.pop() else { return Type::Unit };
        let same = !matches!(first, Type::Any(_)) && known.iter().all(|other| *other == first);
        let known = if same { first } else { self.shown(span) };
        if nothing { known.optional() } else { known }
    }

    /// Objects with the fields of all.
    fn intersection(&self, span: Span, types: &[TSType<'a>]) -> Option<Type> {
        let mut together = Vec::new();
        for one in types {
            let Type::Record { fields, .. } = self.describe(one) else { return None };
            merge(&mut together, fields);
        }
        Some(Type::Record { name: self.text(span), fields: together })
    }

    fn element(&self, element: &TSTupleElement<'a>) -> Option<Type> {
        match element {
            TSTupleElement::TSNamedTupleMember(member) => {
                let TSNamedTupleMember { optional: false, element_type, .. } = &**member else { return None };
                self.element(element_type)
            }
            other => other.as_ts_type().map(|kind| self.describe(kind)),
        }
    }

    fn object(&self, name: String, members: &[TSSignature<'a>]) -> Option<Type> {
        if let [TSSignature::TSIndexSignature(index)] = members {
            return Some(Type::Map(Box::new(self.annotated(&index.type_annotation))));
        }
        let fields = members.iter().map(|member| self.field(member)).collect::<Option<_>>()?;
        Some(Type::Record { name, fields })
    }

    fn field(&self, member: &TSSignature<'a>) -> Option<Parameter> {
        let (key, optional, kind) = match member {
            TSSignature::TSPropertySignature(field) if !field.computed => {
                let kind = field.type_annotation.as_ref().map_or_else(Type::any, |given| self.annotated(given));
                (&field.key, field.optional, kind)
            }
            TSSignature::TSMethodSignature(method) if !method.computed => (&method.key, method.optional, Type::any()),
            _ => return None,
        };
        let kind = if optional { kind.optional() } else { kind };
        Some(Parameter { name: key.static_name()?.into_owned(), kind })
    }

    fn reference(&self, reference: &TSTypeReference<'a>) -> Option<Type> {
        let name = named(&reference.type_name)?;
        if self.closed.borrow().contains(&name) {
            return None;
        }
        if reference.type_arguments.is_none() {
            return self.declared(name);
        }
        if self.types.interfaces.contains_key(name) || self.types.aliases.contains_key(name) {
            return None;
        }
        match name {
            "Array" | "ReadonlyArray" => Some(Type::List(Box::new(self.argument(reference, 0)))),
            "Record" => Some(Type::Map(Box::new(self.argument(reference, 1)))),
            "Readonly" => Some(self.argument(reference, 0)),
            "Partial" => match self.argument(reference, 0) {
                Type::Record { name, fields } => {
                    let optional = |field: Parameter| Parameter { kind: field.kind.optional(), ..field };
                    Some(Type::Record { name, fields: fields.into_iter().map(optional).collect() })
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn argument(&self, reference: &TSTypeReference<'a>, index: usize) -> Type {
        let arguments = reference.type_arguments.as_ref();
        arguments.and_then(|arguments| arguments.params.get(index)).map_or_else(Type::any, |kind| self.describe(kind))
    }

    /// What a name without type arguments stands for in this file.
    fn declared(&self, name: &'a str) -> Option<Type> {
        self.closed.borrow_mut().push(name);
        let described = match (self.types.interfaces.get(name), self.types.aliases.get(name)) {
            (Some(parts), _) => self.interface(name, parts),
            (None, Some(alias)) if alias.type_parameters.is_none() => match self.describe(&alias.type_annotation) {
                Type::Record { fields, .. } => Some(Type::Record { name: name.to_owned(), fields }),
                Type::Any(_) => None,
                other => Some(other),
            },
            _ => None,
        };
        self.closed.borrow_mut().pop();
        described
    }

    /// An interface in all its parts, with what it extends.
    fn interface(&self, name: &'a str, parts: &[&TSInterfaceDeclaration<'a>]) -> Option<Type> {
        let mut together = Vec::new();
        let mut index = None;
        for part in parts {
            if part.type_parameters.is_some() {
                return None;
            }
            for base in &part.extends {
                let base = named(&base.type_name).filter(|_| base.type_arguments.is_none())?;
                let known = if self.closed.borrow().contains(&base) { None } else { self.declared(base) };
                let Some(Type::Record { fields, .. }) = known else { return None };
                merge(&mut together, fields);
            }
            match self.object(name.to_owned(), &part.body.body)? {
                Type::Record { fields, .. } => merge(&mut together, fields),
                other => index = Some(other),
            }
        }
        match index {
            Some(map) if together.is_empty() => Some(map),
            Some(_) => None,
            None => Some(Type::Record { name: name.to_owned(), fields: together }),
        }
    }

    /// A type that is only shown.
    fn shown(&self, span: Span) -> Type {
        Type::Any(self.text(span))
    }

    /// The text of a type on one line.
    fn text(&self, span: Span) -> String {
        let text = self.types.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let mut words = text.split_whitespace();
        let mut line = words.next().unwrap_or_default().to_owned();
        for word in words {
            if line.len() > MAX_SHOWN {
                break;
            }
            line.push(' ');
            line.push_str(word);
        }
        match line.char_indices().nth(MAX_SHOWN) {
            Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
            None => line,
        }
    }
}

/// The last field of a name counts.
fn merge(fields: &mut Vec<Parameter>, more: Vec<Parameter>) {
    for field in more {
        match fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) => *known = field,
            None => fields.push(field),
        }
    }
}

fn named<'a>(name: &TSTypeName<'a>) -> Option<&'a str> {
    match name {
        TSTypeName::IdentifierReference(name) => Some(name.name.as_str()),
        _ => None,
    }
}
