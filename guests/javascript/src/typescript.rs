//! TypeScript: what it adds to JavaScript is taken out, or written in JavaScript, before the engine sees a text. Nothing here
//! knows the engine.

mod nesting;
mod positions;
mod signatures;

use std::{collections::BTreeMap, path::Path};

use oxc_allocator::Allocator;
use oxc_ast::ast::{Decorator, Program};
use oxc_ast_visit::Visit;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_diagnostics::OxcDiagnostic;
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::SemanticBuilder;
use oxc_span::{SourceType, Span};
use oxc_transformer::{Module, TransformOptions, Transformer};

pub(crate) use self::{positions::Positions, signatures::Function};

/// Endings of TypeScript's files.
const ENDINGS: [&str; 3] = [".ts", ".mts", ".cts"];

/// What the translator is told; it is in nothing that it gives.
const NAME: &str = "main.ts";

/// A text in JavaScript, and what was known about it before.
pub(crate) struct Translated {
    pub(crate) code: String,
    pub(crate) positions: Positions,
    /// The functions at the top of the text with their types, by the names that others know them by.
    pub(crate) functions: BTreeMap<String, Function>,
}

/// Why a text is no TypeScript, and where; lines and columns begin with 1.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Whether a file is in TypeScript, by its name.
pub(crate) fn is_typescript(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Translates a text.
pub(crate) fn translate(text: &str) -> Result<Translated, Problem> {
    not_too_deep(text)?;
    let allocator = Allocator::default();
    let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, text, kind(text)).with_options(options).parse();
    no_problem(text, parsed.diagnostics.iter())?;
    let mut program = parsed.program;
    no_decorators(text, &program)?;
    let functions = signatures::functions(&program);
    let checked = SemanticBuilder::new().with_check_syntax_error(true).with_enum_eval(true).build(&program);
    no_problem(text, checked.diagnostics.iter())?;
    let scoping = checked.semantic.into_scoping();
    let mut options = TransformOptions::default();
    // Allows `export =`; other modules stay as they are.
    options.env.module = Module::Preserve;
    let done = Transformer::new(&allocator, Path::new(NAME), &options).build_with_scoping(scoping, &mut program);
    no_problem(text, done.diagnostics.iter())?;
    let options = CodegenOptions { source_map_path: Some(NAME.into()), ..CodegenOptions::default() };
    let printed = Codegen::new().with_options(options).build(&program);
    let positions = Positions::of(&printed);
    Ok(Translated { code: printed.code, positions, functions })
}

/// Scripts are not strict, and the parser finds out by itself what is none, but for one form of waiting.
pub(crate) fn kind(text: &str) -> SourceType {
    SourceType::ts().with_module(text.contains("for await"))
}

/// What is nested too deeply must not be parsed.
pub(crate) fn not_too_deep(text: &str) -> Result<(), Problem> {
    match nesting::too_deep(text) {
        Some(at) => Err(Problem::at(text, at, "the code is nested too deeply")),
        None => Ok(()),
    }
}

pub(crate) fn no_problem<'a>(text: &str, mut found: impl Iterator<Item = &'a OxcDiagnostic>) -> Result<(), Problem> {
    let Some(first) = found.next() else { return Ok(()) };
    let at = first.labels.first().map_or(0, |label| label.offset() as usize);
    Err(Problem::at(text, at, &first.message))
}

/// The engine has none, and what they would be translated to differs between the versions of the language.
fn no_decorators(text: &str, program: &Program<'_>) -> Result<(), Problem> {
    let mut first = FirstDecorator(None);
    first.visit_program(program);
    match first.0 {
        Some(span) => Err(Problem::at(text, span.start as usize, "decorators are not supported")),
        None => Ok(()),
    }
}

struct FirstDecorator(Option<Span>);

impl<'a> Visit<'a> for FirstDecorator {
    fn visit_decorator(&mut self, decorator: &Decorator<'a>) {
        self.0 = self.0.or(Some(decorator.span));
    }
}

impl Problem {
    fn at(text: &str, offset: usize, message: &str) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let line = count(before.matches('\n').count() + 1);
        let column = count(before.get(start..).unwrap_or_default().chars().count() + 1);
        Self { message: message.to_owned(), line, column }
    }
}
