//! `import` and `export` in a turn of a session. A turn is no module: what it imports stays, as everything does that a turn
//! declares, and what it exports is declared.

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    ExportDefaultDeclaration, ExportDefaultDeclarationKind as Default, ExportFromDeclaration, ImportDeclaration,
    ImportDeclarationSpecifier as Specifier, Program, Statement, StringLiteral, TSImportEqualsDeclaration,
    TSModuleReference,
};
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType, Span};
use rquickjs::{Ctx, Error, Object};

use crate::{
    engine::{self, Mode},
    event_loop::{self, Stop},
    modules,
    request::{Language, quoted},
    typescript::{self, Problem},
};

/// A turn without its imports and exports.
#[derive(Default)]
pub(crate) struct Turn {
    /// What is left, every line and column where it was. Imported names are declared in it.
    pub(crate) code: String,
    /// What has to be there before it runs.
    pub(crate) imports: Vec<Import>,
}

/// A module that a turn asks for.
pub(crate) struct Import {
    source: String,
    line: u32,
    names: Vec<Name>,
    /// Whether the module has to have these names. In TypeScript one may be a type, which is gone by then.
    strict: bool,
}

/// What is wanted of a module, and how the turn calls it.
struct Name {
    /// None is the module itself.
    imported: Option<String>,
    local: Option<String>,
}

/// Takes imports and exports out of a turn, if it has any.
pub(crate) fn taken_out(text: &str, language: Language) -> Result<Option<Turn>, Problem> {
    if !mentions(text, "import") && !mentions(text, "export") {
        return Ok(None);
    }
    typescript::not_too_deep(text)?;
    let allocator = Allocator::default();
    let kind = if language == Language::TypeScript { typescript::kind(text) } else { SourceType::mjs() };
    let parsed = Parser::new(&allocator, text, kind).parse();
    typescript::no_problem(text, parsed.diagnostics.iter())?;
    Ok(Rewriter::new(text, language).rewritten(&parsed.program))
}

/// Whether a word is there that may begin a statement: `import(` and `import.meta` do not.
fn mentions(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + word.len()..).unwrap_or_default());
        let alone = !before.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | '$' | '.'));
        alone
            && after
                .starts_with(|next: char| next.is_whitespace() || matches!(next, '{' | '*' | '"' | '\'' | '=' | '/'))
    })
}

struct Rewriter<'t> {
    text: &'t str,
    language: Language,
    /// How far the text was read.
    at: usize,
    turn: Turn,
}

impl<'t> Rewriter<'t> {
    fn new(text: &'t str, language: Language) -> Self {
        Self { text, language, at: 0, turn: Turn::default() }
    }

    fn rewritten(mut self, program: &Program<'_>) -> Option<Turn> {
        for statement in &program.body {
            self.statement(statement);
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.turn.code += rest;
        (self.at > 0).then_some(self.turn)
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        match statement {
            Statement::ImportDeclaration(import) => self.import(import),
            Statement::ExportFromDeclaration(export) => self.export_from(export),
            Statement::ExportAllDeclaration(export) => {
                if !export.export_kind.is_type() {
                    self.add(&export.source, Vec::new());
                }
                self.replace(export.span, ";");
            }
            Statement::ExportNamedDeclaration(export) => self.replace(export.span, ";"),
            Statement::ExportDeclaration(export) => {
                self.replace(Span::new(export.span.start, export.declaration.span().start), "");
            }
            Statement::ExportDefaultDeclaration(export) => self.export_default(export),
            Statement::TSExportAssignment(export) => self.value(export.span, export.expression.span()),
            Statement::TSImportEqualsDeclaration(import) => self.import_equals(import),
            _ => {}
        }
    }

    fn import(&mut self, import: &ImportDeclaration<'_>) {
        if import.import_kind.is_type() {
            return self.replace(import.span, ";");
        }
        let names: Vec<Name> = import.specifiers.iter().flatten().filter_map(wanted).collect();
        let locals: Vec<&str> = names.iter().filter_map(|name| name.local.as_deref()).collect();
        let instead = if locals.is_empty() { ";".to_owned() } else { format!("var {};", locals.join(",")) };
        self.replace(import.span, &instead);
        self.add(&import.source, names);
    }

    /// The translator drops `import x = require()` where nothing uses `x`, but later turns may.
    fn import_equals(&mut self, import: &TSImportEqualsDeclaration<'_>) {
        let module = matches!(import.module_reference, TSModuleReference::ExternalModuleReference(_));
        if module && !import.import_kind.is_type() {
            self.replace(Span::new(import.span.start, import.id.span.start), "const ");
        }
    }

    fn export_from(&mut self, export: &ExportFromDeclaration<'_>) {
        self.replace(export.span, ";");
        if !export.export_kind.is_type() {
            let values = export.specifiers.iter().filter(|specifier| !specifier.export_kind.is_type());
            let name = |imported: String| Name { imported: Some(imported), local: None };
            self.add(&export.source, values.map(|specifier| name(specifier.local.name().to_string())).collect());
        }
    }

    /// What has a name is declared; everything else is the turn's value.
    fn export_default(&mut self, export: &ExportDefaultDeclaration<'_>) {
        let span = export.declaration.span();
        let named = match &export.declaration {
            Default::FunctionDeclaration(function) => function.id.is_some(),
            Default::ClassDeclaration(class) => class.id.is_some(),
            Default::TSInterfaceDeclaration(_) => true,
            _ => false,
        };
        if named { self.replace(Span::new(export.span.start, span.start), "") } else { self.value(export.span, span) }
    }

    fn value(&mut self, whole: Span, value: Span) {
        self.replace(Span::new(whole.start, value.start), ";(");
        self.replace(Span::empty(value.end), ")");
    }

    fn add(&mut self, source: &StringLiteral<'_>, names: Vec<Name>) {
        let before = self.text.get(..source.span.start as usize).unwrap_or_default();
        let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
        let strict = self.language == Language::JavaScript;
        self.turn.imports.push(Import { source: source.value.to_string(), line, names, strict });
    }

    /// Writes something shorter, and fills up with spaces.
    fn replace(&mut self, span: Span, instead: &str) {
        let (start, end) = (span.start as usize, span.end as usize);
        self.turn.code += self.text.get(self.at..start).unwrap_or_default();
        self.turn.code += instead;
        self.at = end;
        let mut room = instead.chars().count();
        for character in self.text.get(start..end).unwrap_or_default().chars() {
            if matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}') {
                self.turn.code.push(character);
                room = 0;
            } else if room > 0 {
                room -= 1;
            } else {
                self.turn.code.push(' ');
            }
        }
    }
}

fn wanted(specifier: &Specifier<'_>) -> Option<Name> {
    let (imported, local) = match specifier {
        Specifier::ImportSpecifier(one) if one.import_kind.is_type() => return None,
        Specifier::ImportSpecifier(one) => (Some(one.imported.name().to_string()), &one.local),
        Specifier::ImportDefaultSpecifier(one) => (Some("default".to_owned()), &one.local),
        Specifier::ImportNamespaceSpecifier(one) => (None, &one.local),
    };
    Some(Name { imported, local: Some(local.name.to_string()) })
}

impl Import {
    /// Evaluates the module, and gives the turn what it wants of it.
    pub(crate) fn bring<'js>(&self, ctx: &Ctx<'js>, turn: &str) -> Result<(), Stop<'js>> {
        let code = format!("import({})", quoted(&self.source));
        let started =
            engine::evaluate(ctx, &code, turn, self.line.cast_signed(), Mode::Script).and_then(|value| value.get());
        let module = event_loop::resolved(ctx, &event_loop::check(ctx, started)?)?;
        event_loop::check(ctx, self.names.iter().try_for_each(|name| self.give(ctx, turn, &module, name)))
    }

    fn give<'js>(&self, ctx: &Ctx<'js>, turn: &str, module: &Object<'js>, name: &Name) -> Result<(), Error> {
        let value = match &name.imported {
            None => module.clone().into_value(),
            Some(imported) if self.strict && !module.contains_key(imported)? => {
                let message = format!("The module '{}' has no export named '{imported}'", self.source);
                return Err(modules::syntax_error(ctx, turn, &Problem { message, line: self.line, column: 1 }));
            }
            Some(imported) => module.get(imported)?,
        };
        name.local.iter().try_for_each(|local| ctx.globals().set(local, value.clone()))
    }
}
