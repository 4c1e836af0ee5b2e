//! Text to bytes and back.

use rquickjs::{ArrayBuffer, Ctx, Function, Object, Result, TypedArray};

use super::bytes;

/// Bytes 0x80 to 0x9f of windows-1252, which is what the web reads for "latin1".
const WINDOWS: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d,
    0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,
    0x017e, 0x0178,
];

pub(super) fn add<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    natives.set(
        "encode",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, text: String| ArrayBuffer::new(ctx, text.into_bytes()))?,
    )?;
    natives.set("decode", Function::new(ctx.clone(), decode)?)
}

/// Nothing when the bytes are not right and `fatal` is set.
fn decode<'js>(array: TypedArray<'js, u8>, encoding: String, fatal: bool) -> Option<String> {
    let bytes = bytes(&array);
    match encoding.as_str() {
        "utf-8" if fatal => std::str::from_utf8(bytes).ok().map(str::to_owned),
        "utf-8" => Some(String::from_utf8_lossy(bytes).into_owned()),
        "windows-1252" => Some(bytes.iter().map(|byte| windows(*byte)).collect()),
        _ => wide(bytes, encoding == "utf-16be", fatal),
    }
}

fn windows(byte: u8) -> char {
    let code = usize::from(byte)
        .checked_sub(0x80)
        .and_then(|at| WINDOWS.get(at))
        .map_or(u32::from(byte), |code| u32::from(*code));
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn wide(bytes: &[u8], big: bool, fatal: bool) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) });
    let mut text = String::with_capacity(bytes.len());
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(character) => text.push(character),
            Err(_) if fatal => return None,
            Err(_) => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
    if !rest.is_empty() {
        if fatal {
            return None;
        }
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Some(text)
}
