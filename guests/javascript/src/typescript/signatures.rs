//! What functions take and give back, as far as their annotations say it. What the host has no type for is `any`.

mod types;

use std::collections::BTreeMap;

use oxc_ast::ast::{
    ArrowFunctionExpression, BindingPattern, Declaration, ExportDefaultDeclarationKind, Expression, FormalParameter,
    FormalParameters, ModuleExportName, Program, Statement, TSTypeAnnotation, TSTypeParameterDeclaration,
    VariableDeclarator,
};
use serde::Serialize;

use self::types::{Type, Types, Within};

/// A function's types.
#[derive(Clone, Serialize)]
pub(crate) struct Function {
    params: Vec<Parameter>,
    result: Type,
    /// Which parameters have to be given and may be `null`.
    nullable: Vec<bool>,
}

/// A parameter, or a field of an object.
#[derive(Clone, PartialEq, Serialize)]
pub(super) struct Parameter {
    name: String,
    #[serde(rename = "type")]
    kind: Type,
}

/// The functions at the top of a module, by the names that they have there and those that they are exported under.
pub(super) fn functions(program: &Program<'_>) -> BTreeMap<String, Function> {
    let mut found = Found { types: Types::of(program), functions: BTreeMap::new(), renamed: Vec::new() };
    program.body.iter().for_each(|statement| found.statement(statement));
    for (exported, local) in std::mem::take(&mut found.renamed) {
        if let Some(function) = found.functions.get(&local).cloned() {
            found.functions.insert(exported, function);
        }
    }
    found.functions
}

struct Found<'p, 'a> {
    types: Types<'p, 'a>,
    functions: BTreeMap<String, Function>,
    /// Names under which functions are exported, and their own.
    renamed: Vec<(String, String)>,
}

type Generics<'p, 'a> = Option<&'p TSTypeParameterDeclaration<'a>>;
type Annotation<'p, 'a> = Option<&'p TSTypeAnnotation<'a>>;

impl<'p, 'a> Found<'p, 'a> {
    fn statement(&mut self, statement: &'p Statement<'a>) {
        match statement {
            Statement::ExportDeclaration(export) => self.declaration(&export.declaration),
            Statement::ExportDefaultDeclaration(export) => self.default(&export.declaration),
            Statement::ExportNamedDeclaration(export) => {
                let names = export.specifiers.iter().map(|one| (name_of(&one.exported), name_of(&one.local)));
                self.renamed.extend(names);
            }
            other => {
                if let Some(declaration) = other.as_declaration() {
                    self.declaration(declaration);
                }
            }
        }
    }

    fn declaration(&mut self, declaration: &'p Declaration<'a>) {
        match declaration {
            Declaration::FunctionDeclaration(function) => self.function(function),
            Declaration::VariableDeclaration(variables) => {
                variables.declarations.iter().for_each(|variable| self.variable(variable));
            }
            _ => {}
        }
    }

    fn default(&mut self, declaration: &'p ExportDefaultDeclarationKind<'a>) {
        match declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                self.function(function);
                let described = self.describe(
                    function.type_parameters.as_deref(),
                    &function.params,
                    function.return_type.as_deref(),
                );
                self.functions.insert("default".to_owned(), described);
            }
            ExportDefaultDeclarationKind::Identifier(name) => {
                self.renamed.push(("default".to_owned(), name.name.to_string()));
            }
            ExportDefaultDeclarationKind::ArrowFunctionExpression(arrow) => self.arrow("default", arrow),
            _ => {}
        }
    }

    /// Of several forms, the one that has a body is called.
    fn function(&mut self, function: &'p oxc_ast::ast::Function<'a>) {
        let Some(name) = function.id.as_ref().filter(|_| function.body.is_some()) else { return };
        let described =
            self.describe(function.type_parameters.as_deref(), &function.params, function.return_type.as_deref());
        self.functions.insert(name.name.to_string(), described);
    }

    fn variable(&mut self, variable: &'p VariableDeclarator<'a>) {
        let BindingPattern::BindingIdentifier(name) = &variable.id else { return };
        match variable.init.as_ref().map(Expression::get_inner_expression) {
            Some(Expression::ArrowFunctionExpression(arrow)) => self.arrow(&name.name, arrow),
            Some(Expression::FunctionExpression(function)) => {
                let described = self.describe(
                    function.type_parameters.as_deref(),
                    &function.params,
                    function.return_type.as_deref(),
                );
                self.functions.insert(name.name.to_string(), described);
            }
            _ => {}
        }
    }

    fn arrow(&mut self, name: &str, arrow: &'p ArrowFunctionExpression<'a>) {
        let described = self.describe(arrow.type_parameters.as_deref(), &arrow.params, arrow.return_type.as_deref());
        self.functions.insert(name.to_owned(), described);
    }

    fn describe(
        &self,
        generics: Generics<'p, 'a>,
        parameters: &'p FormalParameters<'a>,
        result: Annotation<'p, 'a>,
    ) -> Function {
        let types = self.types.within(generics);
        let mut function = Function { params: Vec::new(), result: types.result(result), nullable: Vec::new() };
        for (index, parameter) in parameters.items.iter().enumerate() {
            let optional = parameter.optional || parameter.initializer.is_some();
            let kind = taken(&types, parameter);
            function.nullable.push(!optional && matches!(kind, Type::Option(_)));
            let kind = if optional { kind.optional() } else { kind };
            function.params.push(Parameter { name: parameter_name(&parameter.pattern, index), kind });
        }
        if let Some(rest) = &parameters.rest {
            let name = parameter_name(&rest.rest.argument, parameters.items.len());
            let kind = match rest.type_annotation.as_deref().map(|given| types.annotated(given)) {
                Some(Type::List(item)) => *item,
                _ => Type::any(),
            };
            function.params.push(Parameter { name, kind: kind.optional() });
            function.nullable.push(false);
        }
        function
    }
}

/// What a parameter takes: what is written beside it, or else what its default is.
fn taken<'a>(types: &Within<'_, '_, 'a>, parameter: &FormalParameter<'a>) -> Type {
    match (&parameter.type_annotation, parameter.initializer.as_deref()) {
        (Some(given), _) => types.annotated(given),
        (None, Some(Expression::NumericLiteral(_))) => Type::F64,
        (None, Some(Expression::StringLiteral(_) | Expression::TemplateLiteral(_))) => Type::String,
        (None, Some(Expression::BooleanLiteral(_))) => Type::Bool,
        _ => Type::any(),
    }
}

fn parameter_name(pattern: &BindingPattern<'_>, index: usize) -> String {
    pattern.get_identifier_name().map_or_else(|| format!("argument{}", index + 1), |name| name.to_string())
}

fn name_of(name: &ModuleExportName<'_>) -> String {
    name.name().to_string()
}
