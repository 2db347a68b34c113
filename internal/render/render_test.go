package render

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample is a view of two tables with all values that are hard to print.
func sample() View {
	return View{
		section: "io",
		Tables: []grid{
			{
				title:   "inputs",
				columns: []column{{name: "tensor"}, numberColumn("bytes"), {name: "why", prose: true}},
				rows:    [][]string{{"x:0", "12", "read by a|b"}, {"evil\x1b[2J\n", "1234", "画像"}, {"\xff"}},
			},
			{title: "outputs", columns: namedColumns("tensor"), empty: "nothing is an output"},
		},
		Values: each([]string{"x:0", "evil\x1b[2J\n", "\xff", "tab\tη"}, func(s *string) string { return *s }),
		fields: []member{
			{"inputs", []struct {
				Tensor string `json:"tensor"`
				Bytes  int    `json:"bytes"`
				Gone   string `json:"gone,omitempty"`
			}{{"x:0", 12, ""}, {"evil\x1b[2J\n\u202e", 1234, "no"}, {"\xff", 0, ""}}},
			{"outputs", []string(nil)},
		},
	}
}

func TestShow(t *testing.T) {
	saver := View{section: "saver", Tables: []grid{{columns: namedColumns("key", "value"), noHead: true,
		rows: [][]string{{"version", "V2"}, {"names", "a"}, {"", "b"}}}}}
	tests := []struct {
		name    string
		views   []View
		options Options
		want    []string
	}{
		{"table", []View{sample()}, Options{Format: Table}, []string{
			"inputs",
			`tensor           bytes  why`,
			`x:0                 12  read by a|b`,
			`"evil\x1b[2J\n"  1,234  画像`,
			`"\xff"`,
			"",
			"outputs",
			"nothing is an output",
		}},
		{"narrow table, hidden column", []View{{section: "variables", Tables: []grid{{
			columns: []column{{name: "variable"}, {name: "kind", spare: true}, numberColumn("parameters"), {name: "initializer", spare: true}},
			rows:    [][]string{{"layer/weights/of/it", "model", "12", "layer/weights/of/it/Assign"}, {"a", "part", "3"}},
			note:    "2 variables",
		}}}}, Options{Format: Auto, Terminal: true, Width: 40}, []string{
			"variable             kind   parameters",
			"layer/weights/of/it  model          12",
			"a                    part            3",
			"2 variables",
			"hidden columns (terminal too narrow):",
			"initializer",
		}},
		{"narrow table, shortened names", []View{{section: "nodes", Tables: []grid{{
			columns: []column{{name: "name"}, {name: "device"}},
			rows:    [][]string{{"a/name/as/long/as/this", "/job:worker/task:0/device:GPU:0"}},
		}}}}, Options{Format: Auto, Terminal: true, Width: 40}, []string{
			"name                    device",
			"a/name/as/long/as/this  /job:wo…ce:GPU:0",
		}},
		{"narrow table", []View{sample()}, Options{Format: Auto, Terminal: true, Width: 30}, []string{
			"inputs",
			`tensor        bytes  why`,
			`x:0              12  read by a|b`,
			`"evil\x1b[2J\n"`,
			`              1,234  画像`,
			`"\xff"`,
			"",
			"outputs",
			"nothing is an output",
		}},
		{"tsv", []View{sample()}, Options{}, []string{
			"inputs\tx:0\t12\tread by a|b",
			"inputs\t\"evil\\x1b[2J\\n\"\t1234\t画像",
			"inputs\t\"\\xff\"\t\t",
		}},
		{"tsv of one table", []View{saver}, Options{Format: TSV}, []string{
			"version\tV2",
			"names\ta",
			"names\tb",
		}},
		{"tsv of several sections", []View{sample(), saver}, Options{Format: TSV}, []string{
			"io\tinputs\tx:0\t12\tread by a|b",
			"io\tinputs\t\"evil\\x1b[2J\\n\"\t1234\t画像",
			"io\tinputs\t\"\\xff\"\t\t",
			"saver\tversion\tV2",
			"saver\tnames\ta",
			"saver\tnames\tb",
		}},
		{"tables of several sections", []View{saver, saver}, Options{Format: Table, Color: true}, []string{
			"\x1b[1msaver\x1b[0m",
			"\x1b[2mversion\x1b[0m  V2",
			"\x1b[2mnames\x1b[0m    a",
			"         b",
			"",
			"\x1b[1msaver\x1b[0m",
			"\x1b[2mversion\x1b[0m  V2",
			"\x1b[2mnames\x1b[0m    a",
			"         b",
		}},
		{"markdown", []View{sample()}, Options{Format: Markdown}, []string{
			"## io",
			"",
			"### inputs",
			"",
			`| tensor             | bytes | why          |`,
			`| ------------------ | ----: | ------------ |`,
			`| x:0                |    12 | read by a\|b |`,
			`| "evil\\x1b\[2J\\n" |  1234 | 画像         |`,
			`| "\\xff"            |       |              |`,
			"",
			"### outputs",
			"",
			"nothing is an output",
		}},
		{"json", []View{sample()}, Options{File: "a\xff", Format: JSON}, []string{
			`{`,
			`  "format_version": 1,`,
			`  "file": {"base64": "Yf8="},`,
			`  "inputs": [`,
			`    {"tensor": "x:0", "bytes": 12},`,
			`    {"tensor": "evil\u001b[2J\n\u202e", "bytes": 1234, "gone": "no"},`,
			`    {"tensor": {"base64": "/w=="}, "bytes": 0}`,
			`  ],`,
			`  "outputs": []`,
			`}`,
		}},
		{"raw", []View{sample(), saver}, Options{Format: JSON, Raw: true}, []string{
			"x:0",
			`"evil\x1b[2J\n"`,
			`"\xff"`,
			"tab\tη",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			if err := Show(&out, test.views, test.options); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Join(test.want, "\n")+"\n", out.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestStreamLooksLikeTable: streamed rows give the same output as complete ones.
func TestStreamLooksLikeTable(t *testing.T) {
	for _, width := range []int{0, 30, 12} {
		view := sample()
		var whole, streamed strings.Builder
		if err := Show(&whole, []View{view}, Options{Format: Table, Width: width, Color: true}); err != nil {
			t.Fatal(err)
		}
		for i := range view.Tables {
			view.Tables[i].stream = onePart(stream(view.Tables[i].rows, nil))
			view.Tables[i].rows = nil
		}
		if err := Show(&streamed, []View{view}, Options{Format: Table, Width: width, Color: true}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole.String(), streamed.String()); diff != "" {
			t.Errorf("width %d: -whole +streamed:\n%s", width, diff)
		}
	}
}

// TestShowError: rows before an error are printed, and the error is returned.
func TestShowError(t *testing.T) {
	broken := errors.New("broken")
	for _, format := range []Format{Table, TSV, Markdown} {
		var out strings.Builder
		view := View{section: "nodes", Tables: []grid{{columns: namedColumns("name"), stream: onePart(stream([][]string{{"a"}}, broken))}}}
		if err := Show(&out, []View{view}, Options{Format: format}); !errors.Is(err, broken) {
			t.Errorf("%s: got %v, want %v", format, err, broken)
		}
		if !strings.Contains(out.String(), "a") {
			t.Errorf("%s: the row before the error is missing", format)
		}
	}
	view := View{section: "nodes", fields: []member{{"nodes", onePart(func(yield func(any, error) bool) { yield(nil, broken) })}}}
	if err := Show(new(strings.Builder), []View{view}, Options{Format: JSON}); !errors.Is(err, broken) {
		t.Errorf("json: got %v, want %v", err, broken)
	}
	twice := View{fields: []member{{"nodes", 1}, {"nodes", 2}}}
	if err := Show(new(strings.Builder), []View{twice}, Options{Format: JSON}); !errors.Is(err, errJSON) {
		t.Errorf("duplicate members: got %v, want %v", err, errJSON)
	}
}

// stream returns rows and then err, if it is not nil.
func stream(rows [][]string, err error) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func TestShorten(t *testing.T) {
	tests := []struct {
		text  string
		width int
		prose bool
		want  string
	}{
		{"short", 5, false, "short"},
		{"replica_1/conv/weights", 12, false, "repli…eights"},
		{"a sentence to read", 12, true, "a sentence…"},
		{"画像画像画像画像", 9, false, "画像…画像"},
		{"é画é画é画é画", 7, false, "é画…é画"},
	}
	for _, test := range tests {
		if got := shorten(test.text, test.width, test.prose); got != test.want {
			t.Errorf("shorten(%q, %d, %v) = %q, want %q", test.text, test.width, test.prose, got, test.want)
		}
	}
}

// TestMarkdownInert: names from a file do not become links or mentions in rendered markdown.
func TestMarkdownInert(t *testing.T) {
	for text, want := range map[string]string{
		"a_b":              "a_b",
		"*bold*":           `\*bold\*`,
		"a|b":              `a\|b`,
		"dense/kernel:0":   "dense/kernel:0",
		"1,234,567":        "1,234,567",
		"hi @octocat":      "`hi @octocat`",
		"loc:@scope/a":     "`loc:@scope/a`",
		"me@example.org":   "`me@example.org`",
		"fixes #12":        "`fixes #12`",
		"org/repo#12|x":    "`org/repo#12\\|x`",
		"GH-7":             "`GH-7`",
		"http://x.invalid": "`http://x.invalid`",
		"www.x.invalid":    "`www.x.invalid`",
		"`@a`":             "`` `@a` ``",
		"f2f590c":          "`f2f590c`",
		"12345678":         "12345678",
		":tada:":           "`:tada:`",
	} {
		if got := markdownCell(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
