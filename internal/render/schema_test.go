package render

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/diff"
	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/size"
	"github.com/metagraph/metagraph/internal/inspect/variables"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/tensor"
)

var updateSchemas = flag.Bool("update", false, "rewrite docs/schema and docs/json.md")

const docsDirectory = "../../docs"

// TestSchemas compares docs/schema and docs/json.md with the types that are written as JSON. TestJSONSchemas in cmd/metagraph
// compares the schemas with real output.
func TestSchemas(t *testing.T) {
	w := schemaWriter{comments: make(map[string]map[string]string)}
	for _, d := range documents() {
		w.document(t, d)
	}
	compareFile(t, filepath.Join(docsDirectory, "json.md"), jsonIntroduction+w.text.String())
}

// A document is one kind of JSON document.
type document struct {
	name, title, about string
	members            []member
	optional           bool // any member can be missing, as for the sections of show
}

func documents() []document {
	of := func(values ...any) (members []member) {
		for _, v := range values {
			members = append(members, member{"", v})
		}
		return members
	}
	return []document{
		{"show", "show --format json", "Each requested section adds its members. `file` is missing for standard input.", showMembers(), true},
		{"report-clear-devices", "clear-devices --report json", "", of(Written{}, Devices{DevicesReport: new(rewrite.DevicesReport)}), false},
		{"report-filter-collections", "filter-collections --report json", "", of(Written{}, Collections{CollectionsReport: new(rewrite.CollectionsReport)}), false},
		{"report-export", "export --report json", "", of(Written{}, Export{ExportReport: new(rewrite.ExportReport)}), false},
		{"report-import", "import --report json", "", of(Written{}, Import{ImportReport: new(rewrite.ImportReport)}), false},
		{"diff", "diff --format json", "", of(diff.Report{}), false},
		{"error", "Errors", "With `--report json` and `--format json`, an error is one line on stderr. Several errors are several lines. If standard output cannot be written, a line of text (`metagraph: ...`) comes before that.", of(errorReport{}), false},
	}
}

// showMembers returns the members of all sections.
func showMembers() []member {
	members := []member{{"file", ""}, {"tags", ""}}
	for _, v := range []View{
		Summary(new(inspect.Summary), 0), TagSets(nil), IO(&dataflow.IO{Methods: make([]dataflow.Method, 1)}),
		{fields: []member{{"variables", []variables.Variable{}}, {"variable_totals", jsonTotals{}}}}, DeviceList(new(inspect.DeviceList)),
		{fields: []member{{"signatures", []jsonSignature{}}}}, Savers(new(inspect.SaverList)), Functions(nil), Scopes(new(inspect.ScopeTree), ""), Assets(nil), Ops(nil),
		Size(new(size.Size), SizeHints{}), Problems(nil),
	} {
		members = append(members, v.fields...)
	}
	return append(members, member{"checkpoint", new(checkpoint.Report)}, member{"collections", []jsonCollection{}}, member{"nodes", []jsonNode{}})
}

// A schemaWriter writes schemas and their documentation.
type schemaWriter struct {
	comments  map[string]map[string]string // by package, then by TYPE.FIELD
	text      strings.Builder
	defs      object                  // the schemas of the structs of a document
	described map[reflect.Type]string // the path where the members of each struct are described
}

type object = map[string]any

// document writes the schema of a document and a chapter about it.
func (w *schemaWriter) document(t *testing.T, d document) {
	t.Helper()
	w.defs = object{"text": object{"description": "A string, or bytes that are not UTF-8.", "anyOf": []any{object{"type": "string"},
		object{"type": "object", "properties": object{"base64": object{"type": "string"}}, "required": []string{"base64"}}}}}
	w.described = make(map[reflect.Type]string)
	properties, required := object{"format_version": object{"const": formatVersion}}, []string{"format_version"}
	fmt.Fprintf(&w.text, "\n## %s\n\nSchema: [schema/%s.json](schema/%s.json). %s\n\n| member | type | meaning |\n|---|---|---|\n", d.title, d.name, d.name, d.about)
	for _, m := range d.members {
		if m.key == "" {
			w.fields(reflect.TypeOf(m.value), properties, &required, "", 3)
			continue
		}
		properties[m.key] = w.schema(reflect.TypeOf(m.value))
		w.row(m.key, reflect.TypeOf(m.value), "")
		w.below(m.key, reflect.TypeOf(m.value), 2)
	}
	schema := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "metagraph " + d.title, "type": "object", "properties": properties, "required": required,
		"$defs": w.defs,
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(schema); err != nil {
		t.Fatal(err)
	}
	compareFile(t, filepath.Join(docsDirectory, "schema", d.name+".json"), b.String())
}

// schema returns the schema of a type in the encoder's output.
func (w *schemaWriter) schema(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[tensor.Shape]():
		return object{"type": []string{"array", "null"}, "items": object{"type": "integer"}}
	case reflect.TypeFor[variables.Quantity]():
		return object{"type": []string{"integer", "null"}}
	case reflect.TypeFor[jsonNode]():
		return nodeSchema(w)
	}
	if t.Implements(reflect.TypeFor[appender]()) || t.Implements(reflect.TypeFor[json.Marshaler]()) {
		return object{}
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return object{"type": []string{"number", "string"}}
	case reflect.String:
		return object{"$ref": "#/$defs/text"}
	case reflect.Func: // an iter.Seq
		return object{"type": "array", "items": w.schema(t.In(0).In(0))}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"$ref": "#/$defs/text"}
		}
		return object{"type": "array", "items": w.schema(t.Elem())}
	case reflect.Pointer:
		return object{"anyOf": []any{object{"type": "null"}, w.schema(t.Elem())}}
	case reflect.Struct:
		name := strings.ReplaceAll(t.String(), "render.json", "render.")
		if _, known := w.defs[name]; !known {
			properties, required := object{}, []string{}
			def := object{"type": "object", "properties": properties}
			w.defs[name] = def // before its fields: a type can contain itself
			w.fields(t, properties, &required, "-", 0)
			def["required"] = required
		}
		return object{"$ref": "#/$defs/" + name}
	}
	return object{}
}

// fields adds the members of a struct to an object. It describes the given number of levels.
func (w *schemaWriter) fields(t reflect.Type, properties object, required *[]string, prefix string, levels int) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() || prefix == "" && name == "format_version":
			continue
		case f.Anonymous && name == "":
			w.fields(f.Type, properties, required, prefix, levels)
			continue
		case name == "":
			name = f.Name
		}
		if properties != nil {
			properties[name] = w.schema(f.Type)
			if !strings.Contains(options, "omit") {
				*required = append(*required, name)
			}
		}
		if levels > 0 {
			w.row(prefix+name, f.Type, w.comment(t, f.Name))
			w.below(prefix+name, f.Type, levels-1)
		}
	}
}

// below describes the members of a struct, or of the structs in an array.
func (w *schemaWriter) below(prefix string, t reflect.Type, levels int) {
	if t == reflect.TypeFor[tensor.Shape]() {
		return
	}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		if t.Kind() == reflect.Slice {
			prefix += "[]"
		}
		t = t.Elem()
	}
	if t == reflect.TypeFor[jsonNode]() {
		for _, name := range nodeMembers() {
			fmt.Fprintf(&w.text, "| `%s.%s` | %s |\n", prefix, name, nodeMeanings[name])
		}
		return
	}
	if t.Kind() != reflect.Struct || levels == 0 || t.Implements(reflect.TypeFor[appender]()) {
		return
	}
	if where, known := w.described[t]; known {
		fmt.Fprintf(&w.text, "| `%s.*` | | as `%s.*` |\n", prefix, where)
		return
	}
	w.described[t] = prefix
	w.fields(t, nil, nil, prefix+".", levels)
}

// row describes one member.
func (w *schemaWriter) row(name string, t reflect.Type, meaning string) {
	fmt.Fprintf(&w.text, "| `%s` | %s | %s |\n", name, typeName(t), strings.ReplaceAll(meaning, "|", `\|`))
}

func typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[tensor.Shape]():
		return "array of integers, or null"
	case t == reflect.TypeFor[variables.Quantity]():
		return "integer or null"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return "integer"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.String:
		return "string"
	case reflect.Slice, reflect.Func:
		return "array"
	case reflect.Pointer:
		return typeName(t.Elem()) + " or null"
	}
	return "object"
}

func nodeMembers() []string {
	return []string{"name", "function", "op", "device", "inputs", "dtype", "shape", "attrs"}
}

// nodeMeanings has the type and the meaning of each member of a node.
var nodeMeanings = map[string]string{
	"name":     "string | ",
	"function": "string | the function whose body contains the node; empty for the graph",
	"op":       "string | ",
	"device":   "string | empty if the node is not placed",
	"inputs":   "array | as written in the file, in order",
	"dtype":    "string | dtype of the first output; empty if unknown",
	"shape":    "array of integers, or null | shape of the first output, as recorded by the node",
	"attrs":    "object | values by name",
}

// nodeSchema is the schema of a node, which has its own encoder.
func nodeSchema(w *schemaWriter) object {
	text := object{"$ref": "#/$defs/text"}
	return object{"type": "object", "required": nodeMembers(), "properties": object{
		"name": text, "function": text, "op": text, "device": text, "inputs": object{"type": "array", "items": text},
		"dtype": text, "shape": w.schema(reflect.TypeFor[tensor.Shape]()), "attrs": object{"type": "object"},
	}}
}

// comment returns the trailing comment of a field in the source of its type.
func (w *schemaWriter) comment(t reflect.Type, field string) string {
	path := strings.TrimPrefix(t.PkgPath(), "github.com/metagraph/metagraph/")
	if w.comments[path] == nil {
		w.comments[path] = fieldComments(filepath.Join("..", "..", path))
	}
	return w.comments[path][t.Name()+"."+field]
}

// nilWord is Go's word for JSON's null.
var nilWord = regexp.MustCompile(`\bnil\b`)

// fieldComments returns the comments of the fields of all structs in a package, by TYPE.FIELD: the trailing one if there is one.
func fieldComments(dir string) map[string]string {
	comments := make(map[string]string)
	paths, _ := filepath.Glob(filepath.Join(dir, "*.go")) // the pattern is valid
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					for _, name := range f.Names {
						text := f.Comment.Text()
						if text == "" {
							text = f.Doc.Text()
						}
						text = strings.TrimPrefix(strings.TrimSpace(strings.ReplaceAll(text, "\n", " ")), name.Name+" is ")
						comments[spec.Name.Name+"."+name.Name] = nilWord.ReplaceAllString(text, "null")
					}
				}
			}
			return true
		})
	}
	return comments
}

// compareFile compares a file with its expected content, or writes it with -update.
func compareFile(t *testing.T, path, want string) {
	t.Helper()
	if *updateSchemas {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, strings.ReplaceAll(string(got), "\r\n", "\n")); diff != "" {
		t.Errorf("%s is stale; go test ./internal/render -run TestSchemas -update writes it (-want +got):\n%s", path, diff)
	}
}

// jsonIntroduction is the introduction of docs/json.md.
const jsonIntroduction = `# JSON output

Every JSON document that metagraph writes has "format_version": 1. New members can be added at any time, so ignore those that you do not
know. Any other change raises the version. Names are in snake_case.

- ` + "`show --format json`" + ` and ` + "`diff --format json`" + ` write to stdout. ` + "`--report json`" + ` of the rewriting commands writes to stderr.
- For several files, ` + "`show`" + ` writes one document per line. For one file, each element of a top-level array is on its own line.
- A string that is not valid UTF-8 becomes {"base64": "..."}. Unprintable characters are escaped.
- A dtype is TensorFlow's short name (float32). A shape is an array of dimensions, with -1 for an unknown one, or null if the rank is unknown.
- A number that JSON cannot represent becomes "NaN", "Infinity" or "-Infinity".
- Lists are sorted or in file order, so the same file always gives the same output.

The schemas in [schema](schema) are JSON Schema 2020-12. They and the tables below are generated from the source. A test
validates real output against them.
`
