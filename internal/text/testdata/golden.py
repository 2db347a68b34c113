"""Writes the golden files in this directory with TensorFlow: the output and the parsed input of its text format.

    python golden.py

writes.json: messages in binary (hexadecimal) and the text that MessageToString returns, with and without unknown
fields. The script assembles their bytes itself, so fields have unusual orders and encodings.
reads.json: texts, and the text that MessageToString returns for the message that Merge reads, or null if Merge fails.
"""

import json
import os
import struct
import sys

import tensorflow  # noqa: F401, it loads the types

from google.protobuf import descriptor_pool
from google.protobuf import message_factory
from google.protobuf import text_format
from tensorflow.core.protobuf import config_pb2
from tensorflow.core.protobuf import meta_graph_pb2  # noqa: F401

HERE = os.path.dirname(os.path.abspath(__file__))


def new(name):
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))()


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def v(num, value):
    return varint(num << 3) + varint(value)


def b(num, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(num << 3 | 2) + varint(len(value)) + value


def f32(num, value):
    return varint(num << 3 | 5) + struct.pack("<f", value)


def u64(num, value):
    return varint(num << 3 | 1) + struct.pack("<Q", value)


def f64(num, value):
    return varint(num << 3 | 1) + struct.pack("<d", value)


def group(num, body):
    return varint(num << 3 | 3) + body + varint(num << 3 | 4)


def varints(num, *values):
    return b(num, b"".join(varint(value) for value in values))


def entry(num, key, value):
    return b(num, b(1, key) + b(2, value))


FLOATS = [
    0.0, -0.0, 1.0, -1.5, 0.1, 0.5, 3.4e38, 3.4028234663852886e38, 1.1754943508222875e-38, 1.401298464324817e-45,
    7.006492321624085e-45, 1e-40, 2.0**-126, 2.0**-127, 2.0**87, 2.0**96, 2.0**-24, 123456.0, 1234567.0, 16777216.0,
    2097152.25, 2097152.75, 9999999.0, 1e15, 1e16, 1e17, 1e-4, 1e-5, 0.00012345, 33554450.0, 9.5367431640625e-07,
    float("inf"), float("-inf"), float("nan"),
]
DOUBLES = FLOATS + [
    5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9999999999999998.0, 1e22, 1e23, 0.1 + 0.2, 123456789.125,
    1 / 3, 1e100, -1e-100,
]


def nested(depth):
    data = b""
    for i in reversed(range(depth)):
        data = b([10, 2, 2][i % 3], data)
    return data


def writes():
    attr, node, meta, tensor = "tensorflow.AttrValue", "tensorflow.NodeDef", "tensorflow.MetaGraphDef", "tensorflow.TensorProto"
    yield "empty", meta, b""
    yield "floats packed", tensor, b(5, struct.pack(f"<{len(FLOATS)}f", *FLOATS))
    yield "floats one by one", tensor, b"".join(f32(5, x) for x in FLOATS[:9])
    yield "doubles", tensor, b(6, struct.pack(f"<{len(DOUBLES)}d", *DOUBLES))
    yield "integers", tensor, varints(7, 0, -1, 2**31 - 1, -2**31, 2**32 + 5) + varints(10, 2**63 - 1, -2**63) + varints(16, 2**32 - 1, 2**40 + 7) + varints(17, 2**64 - 1)
    yield "bools", tensor, varints(11, 0, 1, 2, 1 << 40)
    yield "bytes", tensor, b(4, bytes(range(256)))
    yield "string", node, b(1, "".join(map(chr, range(128))) + "\x80\u00e9\u2028\u2603\U0001f600")
    yield "strings and bytes", tensor, b(8, b"\xff\xfe\x00raw") + b(8, b"") + b(8, "\u00e9")
    yield "enum without a name", tensor, v(1, 77)
    yield "enum negative", tensor, v(1, -1)
    yield "enum beyond 32 bits", tensor, v(1, (1 << 40) + 3)
    yield "oneof at zero", attr, v(5, 0)
    yield "oneof set twice", attr, v(3, 5) + v(5, 1)
    yield "oneof message, other, message", attr, b(7, v(3, 1)) + v(3, 5) + b(7, b(2, v(1, 4)))
    yield "oneof message merged", attr, b(7, v(3, 1)) + b(7, b(2, v(1, 4)))
    yield "zeros without presence", "tensorflow.SaverDef", b(1, "") + v(4, 0) + v(5, 0) + f32(6, 0.0) + v(7, 0)
    yield "minus zero without presence", "tensorflow.SaverDef", f32(6, -0.0)
    yield "scalar set twice", "tensorflow.SaverDef", b(1, "a") + v(4, 5) + b(1, "b") + v(4, 0)
    yield "any order", node, entry(5, "b", v(3, 1)) + b(3, "x") + b(2, "Op") + b(3, "y:1") + entry(5, "a", v(5, 1)) + b(1, "n") + b(3, "^z")
    yield "map keys sorted", node, b"".join(entry(5, k, v(3, i)) for i, k in enumerate(["b", "\u2603", "a", "\U0001f600", "B", "_", "\uffee", "aa", "", "a\x00"]))
    yield "map key twice", node, entry(5, "a", v(3, 1)) + entry(5, "b", v(3, 2)) + entry(5, "a", v(5, 1))
    yield "map without key or value", node, b(5, b"") + b(5, b(1, "k")) + b(5, b(2, v(3, 7)))
    yield "map value first", node, b(5, b(2, v(3, 7)) + b(1, "k") + b(1, "l"))
    yield "map value merged", node, b(5, b(1, "k") + b(2, b(7, v(3, 1))) + b(2, b(7, b(2, v(1, 4)))))
    yield "map of many", node, b"".join(entry(5, str(i * 7919 % 101), v(3, i)) for i in range(120))
    yield "map of numbers", "tensorflow.FunctionDef", b"".join(b(7, v(1, k) + b(2, b"")) for k in [3, 2**32 - 1, 0, 10, 9])
    yield "map of scalars", "tensorflow.FunctionDef", b(8, v(1, 0) + v(2, 0)) + b(8, v(2, 3) + v(1, 2)) + b(8, v(1, 1))
    yield "map in proto2", "tensorflow.GraphDebugInfo", b(4, b"") + b(4, u64(1, 5)) + b(5, b(1, "k")) + b(5, u64(2, 7)) + b(2, b"")
    yield "proto2 presence", "tensorflow.GraphDebugInfo", entry(2, "k", b(1, v(1, 0) + v(2, 0) + b(4, "")))
    yield "proto2 string is no UTF-8", "tensorflow.GraphDebugInfo", b(1, b"a\xff\xc3\xa9\xed\xa0\x80\n")
    yield "proto2 enums", "google.protobuf.FieldDescriptorProto", v(5, 1) + v(4, 3) + v(4, 99)
    yield "singular message merged", meta, b(2, b(4, v(1, 5))) + b(3, b(1, "a")) + b(2, b(4, v(2, 6)) + b(1, b(1, "n")))
    yield "packed and not", tensor, v(10, 1) + varints(10, 2, 3) + v(10, 4) + v(1, 3) + varints(10) + v(10, 5)
    yield "long varints", attr, b"\x98\x00" + b"\x80\x80\x00"
    any_url = "type.googleapis.com/tensorflow.ConfigProto"
    config = config_pb2.ConfigProto(allow_soft_placement=True, device_count={"GPU": 0}).SerializeToString(deterministic=True)
    yield "any", "google.protobuf.Any", b(1, any_url) + b(2, config)
    yield "any empty", "google.protobuf.Any", b(1, any_url)
    yield "any in any", "google.protobuf.Any", b(1, "x/y/google.protobuf.Any") + b(2, b(1, any_url) + b(2, config))
    yield "any without slash", "google.protobuf.Any", b(1, "tensorflow.ConfigProto") + b(2, config)
    yield "any of no type of TensorFlow", "google.protobuf.Any", b(1, "type.googleapis.com/tensorflow.serving.Signatures") + b(2, config)
    yield "any list", "tensorflow.CollectionDef", b(5, b(1, b(1, any_url) + b(2, config)) + b(1, b(1, "type.googleapis.com/tensorflow.AssetFileDef") + b(2, b(2, "vocab.txt"))))
    yield "unknown numbers", node, b(1, "n") + v(99, 5) + varint(98 << 3 | 5) + struct.pack("<I", 7) + u64(97, 1 << 63)
    yield "unknown strings", node, b(96, "text\n\u00e9") + b(95, b"") + b(94, b(1, "inner") + v(2, 1)) + b(1, "n")
    yield "unknown group", node, group(93, v(1, 5) + group(2, b(3, "x")) + b(4, b""))
    yield "unknown wire type", node, v(1, 5) + b(1, "n") + b(5, b(1, "k") + b(2, v(3, 1)))
    yield "unknown in a map's value", node, b(5, b(1, "k") + b(2, v(99, 1) + v(3, 5)))
    yield "unknown in a map's entry", node, b(5, v(3, 9) + b(1, "k"))
    yield "unknown in any", "google.protobuf.Any", b(1, any_url) + b(2, config + v(999, 1))
    yield "deep", attr, nested(100)


def reads():
    node, tensor, attr = "tensorflow.NodeDef", "tensorflow.TensorProto", "tensorflow.AttrValue"
    scalars = """0 1 -1 +5 0x1F -0x10 0X1f 010 -010 +010 08 00 -0 0b11 0o17 1_000 1__0 _1 1_ 0x_f 0_1 5u 1e3 1. .5 -.5 +.5 1.e5 1e+5
        1e-5 1E5 1f 1.0f 1.5F 1ff inf -inf +inf Inf INFINITY -infinity inff -inff infff infinityf nan -nan nanf NAN 1e400 -1e400 1e39
        3.4028236e38 01.5 00.5 +01.5 0.5 1_0.5 1._5 1.5_5 1e1_0 e5 f 0x1p3 0x10 true false True False t f TRUE T F 1.0 DT_FLOAT
        DT_NOPE 3 2147483647 2147483648 -2147483648 -2147483649 4294967295 4294967296 9223372036854775807 9223372036854775808
        -9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616 "x" 'x' 1-2 5y -- - . {} [] [1,2] [1,2,]
        [,] [1 2] [[1]] [inf,-inf] <>""".split()
    for field in ["int_val", "uint32_val", "int64_val", "uint64_val", "float_val", "double_val", "bool_val", "dtype", "tensor_content"]:
        for scalar in scalars:
            yield tensor, f"{field}: {scalar}"
    for text in [
        r"\n\t\r\a\b\f\v", r"\\\'\"", r"\?", r"\q", r"\0\00\000\1234\377", r"\400", r"\777", r"\8", r"\x4\x41\x414\x4g", r"\x", r"\xg",
        r"\X41", r"\u0041\u00e9\u2603", r"\U0001f600", r"\U00110000", r"\ud83d", r"\u004", r"\\u0041", r"\\\u0041", r"\u005cn",
        r"\u005cx41", r"\u005cu0041", r"\x1\u0034", r"\x\u0034", r"\N", "\\\u00e9", "\\\u2603", "\\\U0001f600", "\u00e9\u2603\U0001f600",
        "tab\tand\x01\x7f\x00", "line\nbreak", "line\\\nbreak", "carriage\rreturn", "'", "\\u0022", "# no comment", r"\377",
    ]:
        yield node, f'name: "{text}"'
        yield tensor, f'string_val: "{text}" version_number: 1'
    for text in [
        "name: 'a' \"b\"\n  'c' # comment\n \"d\"", "name: \"a", "name: \"a'", "name: a", "name \"a\"", "name: \"a\", op: \"b\"; input: \"c\"",
        "name: \"a\",, op: \"b\"", "name: \"a\",; op: \"b\"", "name: \"a\" }", "{ name: \"a\" }", "input: [\"a\", 'b' \"c\"]", "input: []",
        "input: [\"a\",]", "name: [\"a\"]", "name: \"a\" name: \"b\"", "Name: \"a\"", "nam: \"a\"", "1: \"a\"", "[a.b]: 1", "name:\"a\"op:\"b\"",
        "attr { key: \"a\" value { i: 1 } }", "attr: { key: \"a\" value: < i: 1 > }", "attr < key: \"a\", value { i: 1 }, >",
        "attr { key: \"a\" value { i: 1 } ", "attr { key: \"a\" value { i: 1 } > }", "attr [{ key: \"a\" value { i: 1 } }, { key: \"b\" }]",
        "attr: [{ key: \"a\" }]", "attr {}", "attr { value { b: false } }", "attr { key: \"a\" key: \"b\" value { i: 1 } value { f: 2 } }",
        "attr { key: \"a\" value { i: 1 } } attr { key: \"a\" value { b: true } }", "attr { key: \"a\" value { i: 1 b: true } }",
        "experimental_debug_info { original_node_names: \"a\" } experimental_debug_info { original_node_names: \"b\" }",
        "\ufeffname: \"a\"", "name:\u00a0\"a\"\u2003\x1c\x85", "name: \"a\"\r\nop: \"b\"\r\n", "name # comment\n : # another\n \"a\"", "name: \"a\" # end",
        "name: \"a\" /* no comment */", "name: \"a\"\x00", "", "  \n# only a comment", "name: \"a\" input: \"b\" name: \"c\" input: \"d\"",
    ]:
        yield node, text
    any_type = "google.protobuf.Any"
    for text in [
        "[type.googleapis.com/tensorflow.ConfigProto] { allow_soft_placement: true }", "[type.googleapis.com/tensorflow.ConfigProto]: < >",
        "[ type.googleapis.com / # comment\n tensorflow . AssetFileDef ] { filename: \"a\" }", "[a/b-c.d~%20/tensorflow.AssetFileDef] {}",
        "[type.googleapis.com/tensorflow.Nope] {}", "[tensorflow.AssetFileDef] {}", "[/tensorflow.AssetFileDef] {}", "[a/] {}",
        "[a%2/tensorflow.AssetFileDef] {}", "[a/tensorflow.AssetFileDef] { nope: 1 }", "[a/tensorflow.AssetFileDef {}",
        "type_url: \"a/tensorflow.AssetFileDef\" value: \"\\022\\001x\"", "[a/google.protobuf.Any] { [b/tensorflow.AssetFileDef] {} }",
        "[a/tensorflow.AssetFileDef] { filename: \"a\" } type_url: \"b/tensorflow.AssetFileDef\"",
    ]:
        yield any_type, text
    yield attr, "list { i: 1 i: [2, 3] f: 1 i: 4 }"
    yield attr, "func { name: \"f\" attr { key: \"k\" value { type: DT_INT32 } } }"
    yield attr, "tensor { dtype: 3 tensor_shape { dim { size: -1 } unknown_rank: false } int_val: -1 half_val: [1, 2] }"
    yield "tensorflow.SaverDef", "sharded: true sharded: false max_to_keep: 5 max_to_keep: 0 version: LEGACY"
    yield "tensorflow.GraphDebugInfo", "name_to_trace_id { key: \"a\" value: 0 } name_to_trace_id { } files: \"\" "
    yield "google.protobuf.FieldDescriptorProto", "type: 99"
    yield "google.protobuf.FieldDescriptorProto", "type: 1 label: LABEL_REPEATED number: 0"


def text(message, **options):
    return text_format.MessageToString(message, **options)


def main():
    cases = []
    for title, name, data in writes():
        message = new(name)
        message.ParseFromString(data)
        cases.append({"title": title, "type": name, "data": data.hex(), "text": text(message), "unknown": text(message, print_unknown_fields=True)})
    save("writes.json", cases)
    cases = []
    for name, source in reads():
        message = new(name)
        try:
            text_format.Merge(source, message)
            want = text(message)
        except (text_format.ParseError, ValueError):
            want = None
        cases.append({"type": name, "text": source, "want": want})
    save("reads.json", cases)


def save(name, cases):
    with open(os.path.join(HERE, name), "w", encoding="utf-8", newline="\n") as f:
        f.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    sys.exit(main())
