package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// TestJSONSchemas: the output of commands matches the schemas in docs/schema, which must have every member.
func TestJSONSchemas(t *testing.T) {
	data := testfiles.Path(t, "testdata")
	out := filepath.Join(t.TempDir(), "out.meta")
	files := []string{"queues.meta", "collections.meta", "functions.meta", "graph.pbtxt", filepath.Join("train", "model.ckpt-3.meta")}
	check := func(schema string, stderr bool, args ...string) {
		t.Helper()
		code, output, errors := command(nil, args...)
		if stderr {
			output = errors
		}
		s := readSchema(t, schema)
		d := json.NewDecoder(strings.NewReader(output))
		var value any
		if err := d.Decode(&value); err != nil {
			t.Fatalf("%q: exit %d, invalid JSON (%v): %s%s", args, code, err, output, errors)
		}
		for _, problem := range s.check(s.root, value, schema) {
			t.Errorf("%q: %s", args, problem)
		}
	}
	for _, name := range files {
		path := filepath.Join(data, name)
		check("show", false, "show", path, "all", "--format", "json")
		check("show", false, "show", path, "nodes", "--functions", "--format", "json")
		check("report-clear-devices", true, "clear-devices", "--report", "json", path, out)
		check("report-filter-collections", true, "filter-collections", "--keep", "*", "--report", "json", path, out)
		check("report-export", true, "export", "--report", "json", path, out)
		check("report-import", true, "import", "--import-scope", "s", "--report", "json", path, out)
		for _, other := range files {
			check("diff", false, "diff", "--format", "json", path, filepath.Join(data, other))
		}
	}
	saved := filepath.Join(data, "saved_model")
	check("show", false, "show", saved, "all", "--tag-set", "serve", "--format", "json")
	check("show", false, "show", saved, "signatures", "--tag-set", "all", "--format", "json")
	check("error", true, "show", saved, "--format", "json")
	check("error", true, "clear-devices", "--report", "json", "--match", "gqu", saved)
	check("error", true, "diff", "--format=json", saved)
}

// TestJSONKeepsUnknownAny: TensorFlow does not know google.protobuf.ListValue, so its bytes stay as they are, even if the type is compiled
// in. Otherwise its values could nest and fan out without limit.
func TestJSONKeepsUnknownAny(t *testing.T) {
	var packed []byte
	for range 1000 {
		packed = wiretest.Message(1, wiretest.Message(6, packed))
	}
	name := string((*structpb.ListValue)(nil).ProtoReflect().Descriptor().FullName())
	raw := wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef, wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef_AnyInfo,
		wiretest.String(fieldnum.Any_TypeUrl, "type.googleapis.com/"+name), wiretest.Message(fieldnum.Any_Value, packed)))
	dir := t.TempDir()
	in, middle, out := filepath.Join(dir, "in.meta"), filepath.Join(dir, "middle.json"), filepath.Join(dir, "out.meta")
	if err := os.WriteFile(in, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"export", in, middle}, {"export", middle, out}} {
		if code, _, errors := command(nil, args...); code != exitDone {
			t.Fatalf("%q: exit %d: %s", args, code, errors)
		}
	}
	if got, _ := os.ReadFile(out); string(got) != string(raw) {
		t.Errorf("got %d bytes, want %d", len(got), len(raw))
	}
	if written, _ := os.ReadFile(middle); !strings.Contains(string(written), `"value": "`) {
		t.Errorf("the value is not written as bytes:\n%.200s", written)
	}
}

// TestErrorFile: an error about a file names it in the member file.
func TestErrorFile(t *testing.T) {
	data := testfiles.Path(t, "testdata")
	in, out := filepath.Join(data, "queues.meta"), filepath.Join(t.TempDir(), "out.meta")
	saved := filepath.Join(data, "saved_model")
	noSavedModel := filepath.Join(t.TempDir(), "saved_model.pb")
	for _, test := range []struct {
		want string
		args []string
	}{
		{in, []string{"export", "--outputs", "nowhere", in, out}},
		{in, []string{"export", "--export-scope", "nowhere", in, out}},
		{in, []string{"export", "--collection-list", "nothing", in, out}},
		{in, []string{"export", "--set-shape", "nowhere=1", in, out}},
		{in, []string{"import", "--into", in, "--input-map", "x=y", in, out}},
		{in, []string{"import", "--restore-collections", "nothing", in, out}},
		{in, []string{"import", "--return-elements", "nowhere", in, out}},
		{in, []string{"clear-devices", "--map", "/job:nothing=/gpu:0", in, out}},
		{in, []string{"clear-devices", "--match", "/device:CPV:0", in, out}},
		{in, []string{"filter-collections", "--keep", "nothing", in, out}},
		{noSavedModel, []string{"import", in, noSavedModel}},
		{out, []string{"clear-devices", "--tag-set", "all", saved, out}},
		{"nothing.meta", []string{"export", "nothing.meta", out}},
		{in, []string{"show", "--register", "x=Y", "--descriptor-set", in, in}},
		{"nodse", []string{"show", in, "nodse"}},
	} {
		flag := "--report=json"
		if test.args[0] == "show" {
			flag = "--format=json"
		}
		code, _, stderr := command(nil, append(test.args, flag)...)
		if stderr == "" {
			t.Errorf("%q: exit %d without an error", test.args, code)
		}
		for line := range strings.Lines(stderr) {
			var report struct{ Error, File string }
			if err := json.Unmarshal([]byte(line), &report); err != nil || code != exitError || report.File != test.want || !strings.Contains(report.Error, test.want+": ") {
				t.Errorf("%q: exit %d, want an error about %s: %s", test.args, code, test.want, line)
			}
		}
	}
}

// A schema is a JSON Schema as written by internal/render.
type schema struct {
	root map[string]any
}

func readSchema(t *testing.T, name string) *schema {
	t.Helper()
	var s schema
	if err := json.Unmarshal(testfiles.Read(t, "docs/schema/"+name+".json"), &s.root); err != nil {
		t.Fatal(err)
	}
	return &s
}

// check returns the differences between a value and its schema, including members that the schema lacks.
func (s *schema) check(rule map[string]any, value any, place string) []string {
	if ref, ok := rule["$ref"].(string); ok {
		rule = s.root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if choices, ok := rule["anyOf"].([]any); ok {
		var problems []string
		for _, one := range choices {
			problems = s.check(one.(map[string]any), value, place)
			if len(problems) == 0 {
				return nil
			}
		}
		return problems
	}
	if want, ok := rule["const"]; ok && want != value {
		return []string{fmt.Sprintf("%s is %v, want %v", place, value, want)}
	}
	if want, ok := rule["type"]; ok && !hasType(want, value) {
		return []string{fmt.Sprintf("%s is %v, want %v", place, value, want)}
	}
	var problems []string
	switch v := value.(type) {
	case []any:
		items, _ := rule["items"].(map[string]any)
		for i, element := range v {
			problems = append(problems, s.check(items, element, fmt.Sprintf("%s[%d]", place, i))...)
		}
	case map[string]any:
		properties, ok := rule["properties"].(map[string]any)
		if !ok {
			return nil
		}
		for key, member := range v {
			if sub, known := properties[key].(map[string]any); known {
				problems = append(problems, s.check(sub, member, place+"."+key)...)
			} else {
				problems = append(problems, fmt.Sprintf("%s has a member %q, which is not in the schema", place, key))
			}
		}
		required, _ := rule["required"].([]any)
		for _, key := range required {
			if _, ok := v[key.(string)]; !ok {
				problems = append(problems, fmt.Sprintf("%s has no member %q", place, key))
			}
		}
	}
	return problems
}

// hasType reports whether a value has one of the types of a schema.
func hasType(want, value any) bool {
	names, several := want.([]any)
	if !several {
		names = []any{want}
	}
	kind := "null"
	switch v := value.(type) {
	case bool:
		kind = "boolean"
	case string:
		kind = "string"
	case []any:
		kind = "array"
	case map[string]any:
		kind = "object"
	case float64:
		kind = "number"
		if v == float64(int64(v)) && slices.Contains(names, any("integer")) {
			kind = "integer"
		}
	}
	return slices.Contains(names, any(kind))
}
