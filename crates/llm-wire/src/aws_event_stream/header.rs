//! The headers of an AWS event stream message: a name, one of ten value types, a value.

use super::malformed;
use crate::error::FrameError;

/// One header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AwsHeader<'a> {
    /// The name, with its colon if the protocol defines it (`:event-type`).
    pub name: &'a str,
    /// The value.
    pub value: AwsHeaderValue<'a>,
}

/// The value of a header. The number is its type on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsHeaderValue<'a> {
    /// 0 (true) and 1 (false).
    Bool(bool),
    /// 2.
    Byte(i8),
    /// 3.
    Short(i16),
    /// 4.
    Int(i32),
    /// 5.
    Long(i64),
    /// 6.
    Bytes(&'a [u8]),
    /// 7, the type of all headers that Bedrock sends.
    Text(&'a str),
    /// 8: milliseconds since 1970.
    Timestamp(i64),
    /// 9.
    Uuid([u8; 16]),
}

/// The headers of one message, read as they are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsHeaders<'a> {
    bytes: &'a [u8],
}

impl<'a> AwsHeaders<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Walks all headers once, so that later walks cannot fail.
    pub(super) fn check(self) -> Result<(), FrameError> {
        let mut bytes = self.bytes;
        while !bytes.is_empty() {
            decode(&mut bytes)?;
        }
        Ok(())
    }
}

impl<'a> IntoIterator for AwsHeaders<'a> {
    type Item = AwsHeader<'a>;
    type IntoIter = AwsHeaderIter<'a>;

    fn into_iter(self) -> AwsHeaderIter<'a> {
        AwsHeaderIter { bytes: self.bytes }
    }
}

/// Walks [`AwsHeaders`].
#[derive(Clone, Debug)]
pub struct AwsHeaderIter<'a> {
    bytes: &'a [u8],
}

impl<'a> Iterator for AwsHeaderIter<'a> {
    type Item = AwsHeader<'a>;

    fn next(&mut self) -> Option<AwsHeader<'a>> {
        // The parser has checked the headers, so an error cannot come; if it did, it would end the walk.
        if self.bytes.is_empty() { None } else { decode(&mut self.bytes).ok() }
    }
}

fn decode<'a>(bytes: &mut &'a [u8]) -> Result<AwsHeader<'a>, FrameError> {
    let [length] = array(bytes)?;
    let name = text(take(bytes, usize::from(length))?)?;
    let [kind] = array(bytes)?;
    let value = match kind {
        0 => AwsHeaderValue::Bool(true),
        1 => AwsHeaderValue::Bool(false),
        2 => AwsHeaderValue::Byte(i8::from_be_bytes(array(bytes)?)),
        3 => AwsHeaderValue::Short(i16::from_be_bytes(array(bytes)?)),
        4 => AwsHeaderValue::Int(i32::from_be_bytes(array(bytes)?)),
        5 => AwsHeaderValue::Long(i64::from_be_bytes(array(bytes)?)),
        6 => AwsHeaderValue::Bytes(sized(bytes)?),
        7 => AwsHeaderValue::Text(text(sized(bytes)?)?),
        8 => AwsHeaderValue::Timestamp(i64::from_be_bytes(array(bytes)?)),
        9 => AwsHeaderValue::Uuid(array(bytes)?),
        _ => return Err(malformed("a header has an unknown type, so its length is unknown")),
    };
    Ok(AwsHeader { name, value })
}

/// Appends one header in wire form.
pub(super) fn encode(name: &str, value: AwsHeaderValue<'_>, out: &mut Vec<u8>) -> Result<(), FrameError> {
    let length = u8::try_from(name.len()).map_err(|_| malformed("a header name is longer than 255 bytes"))?;
    out.push(length);
    out.extend_from_slice(name.as_bytes());
    match value {
        AwsHeaderValue::Bool(yes) => out.push(u8::from(!yes)),
        AwsHeaderValue::Byte(number) => tagged(2, &number.to_be_bytes(), out),
        AwsHeaderValue::Short(number) => tagged(3, &number.to_be_bytes(), out),
        AwsHeaderValue::Int(number) => tagged(4, &number.to_be_bytes(), out),
        AwsHeaderValue::Long(number) => tagged(5, &number.to_be_bytes(), out),
        AwsHeaderValue::Bytes(bytes) => tagged_sized(6, bytes, out)?,
        AwsHeaderValue::Text(text) => tagged_sized(7, text.as_bytes(), out)?,
        AwsHeaderValue::Timestamp(number) => tagged(8, &number.to_be_bytes(), out),
        AwsHeaderValue::Uuid(bytes) => tagged(9, &bytes, out),
    }
    Ok(())
}

fn tagged(kind: u8, value: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(value);
}

fn tagged_sized(kind: u8, value: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
    let length = u16::try_from(value.len()).map_err(|_| malformed("a header value is longer than 65535 bytes"))?;
    out.push(kind);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
    Ok(())
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], FrameError> {
    let (taken, rest) = bytes.split_at_checked(count).ok_or_else(cut)?;
    *bytes = rest;
    Ok(taken)
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], FrameError> {
    let (taken, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
    *bytes = rest;
    Ok(*taken)
}

fn sized<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], FrameError> {
    let length = u16::from_be_bytes(array(bytes)?);
    take(bytes, usize::from(length))
}

fn text(bytes: &[u8]) -> Result<&str, FrameError> {
    std::str::from_utf8(bytes).map_err(|_| malformed("a header is not valid utf-8"))
}

fn cut() -> FrameError {
    malformed("a header reaches beyond the headers")
}
