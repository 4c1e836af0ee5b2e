//! What a guest says of its work: lines on standard error, which the host keeps with the result.

/// Tells what went wrong, as `eprintln!` does; the line begins with `error: `.
#[macro_export]
macro_rules! error {
    ($($text:tt)*) => { ::std::eprintln!("error: {}", ::std::format_args!($($text)*)) };
}

/// Tells what may be wrong; the line begins with `warning: `.
#[macro_export]
macro_rules! warn {
    ($($text:tt)*) => { ::std::eprintln!("warning: {}", ::std::format_args!($($text)*)) };
}

/// Tells what is done; the line begins with `info: `.
#[macro_export]
macro_rules! info {
    ($($text:tt)*) => { ::std::eprintln!("info: {}", ::std::format_args!($($text)*)) };
}
