package page_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/diff"
	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/inspect/variables"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/render/page"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// largestPage is the maximum size of the page of a file of a few megabytes.
const largestPage = 1_000_000

// show returns the page of a MetaGraphDef with the tables that the browser tests use.
func show(t testing.TB, name string, m *wire.MetaGraph) []byte {
	t.Helper()
	of := model.New(m)
	var views []render.View
	add := func(view render.View, err error) {
		if err != nil {
			t.Fatal(err)
		}
		views = append(views, view)
	}
	summary, err := inspect.Summarize(of, inspect.FileInfo{Name: name})
	add(render.Summary(summary, 0), err)
	io, err := dataflow.Find(of)
	add(render.IO(io), err)
	list, err := variables.Find(of)
	add(render.VariableList(list), err)
	found, err := problems.Find(of)
	add(render.Problems(found), err)
	functions, err := inspect.Functions(m, model.Filter{})
	add(render.Functions(functions), err)
	var out bytes.Buffer
	if err := page.Show(&out, page.Content{Name: name, Model: of, Views: views}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// compare returns the page of a comparison.
func compare(t testing.TB, a, b *wire.MetaGraph) []byte {
	t.Helper()
	report, err := diff.Compare(a, b, diff.Options{})
	if err != nil {
		t.Fatal(err)
	}
	report.A.File, report.B.File = "a.meta", "b.meta"
	var out bytes.Buffer
	if err := page.Diff(&out, page.DiffContent{A: model.New(a), B: model.New(b), Report: report}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// parse returns the message of a file.
func parse(t testing.TB, b []byte) *wire.MetaGraph {
	t.Helper()
	m, err := wire.ParseMetaGraph(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var dataElement = regexp.MustCompile(`<script type="application/gzip" id="data-(\w+)">([^<]*)</script>`)

// blocks returns the data blocks of a page.
func blocks(t testing.TB, document []byte) map[string][]byte {
	t.Helper()
	out := make(map[string][]byte)
	for _, found := range dataElement.FindAllSubmatch(document, -1) {
		packed, err := base64.StdEncoding.DecodeString(string(found[2]))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if out[string(found[1])], err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// numbers decodes a column.
func numbers(t testing.TB, column []byte) []int {
	t.Helper()
	var out []int
	for len(column) > 0 {
		v, n := binary.Uvarint(column)
		if n <= 0 {
			t.Fatal("truncated number at the end of a column")
		}
		out, column = append(out, int(v)), column[n:]
	}
	return out
}

// zigzag decodes a signed number.
func zigzag(v int) int { return v>>1 ^ -(v & 1) }

// A row is a node as stored in a page.
type row struct {
	Name, Op, Device string
	Inputs           []string
}

// rows decodes the nodes of a page.
func rows(t testing.TB, document []byte) []row {
	t.Helper()
	b := blocks(t, document)
	var outline struct{ Graph int }
	if err := json.Unmarshal(b["outline"], &outline); err != nil {
		t.Fatal(err)
	}
	texts, rest := []string{""}, b["texts"]
	for _, n := range numbers(t, b["lengths"]) {
		texts, rest = append(texts, string(rest[:n])), rest[n:]
	}
	paths := []string{""}
	up, names := numbers(t, b["scopeParent"]), numbers(t, b["scopeName"])
	for s := 1; s < len(up); s++ {
		path := texts[names[s]] + "/"
		if up[s] > 0 {
			path = paths[s-up[s]] + path
		}
		paths = append(paths, path)
	}
	leaf, op, device := numbers(t, b["leaf"]), numbers(t, b["op"]), numbers(t, b["device"])
	out, scope := make([]row, outline.Graph), 0
	for i, step := range numbers(t, b["scope"])[:outline.Graph] {
		scope += zigzag(step)
		out[i] = row{Name: paths[scope] + texts[leaf[i]], Op: texts[op[i]], Device: texts[device[i]]}
		if leaf[i] == 0 {
			out[i].Name = strings.TrimSuffix(paths[scope], "/")
		}
	}
	at, from, port := 0, numbers(t, b["from"]), numbers(t, b["port"])
	for i, n := range numbers(t, b["inputs"])[:outline.Graph] {
		for ; n > 0; n-- {
			text := texts[min(port[at], len(texts)-1)]
			if from[at] > 0 {
				source := out[i-zigzag(from[at]-1)].Name
				if text = "^" + source; port[at] > 0 {
					text = source + ":" + string(rune('0'+port[at]-1))
				}
			}
			out[i].Inputs = append(out[i].Inputs, text)
			at++
		}
	}
	return out
}

// TestColumns: the page of every file contains its nodes.
func TestColumns(t *testing.T) {
	for name, b := range testfiles.Metas(t) {
		m := parse(t, b)
		document := show(t, name, m)
		if len(b) < 4_000_000 && len(document) > largestPage {
			t.Errorf("%s: the page of a file of %d bytes has %d bytes", name, len(b), len(document))
		}
		want := expected(t, m)
		got := rows(t, document)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: nodes (-file +page):\n%.2000s", name, d)
		}
	}
}

// expected returns the rows of a graph, computed from the generated types.
func expected(t testing.TB, m *wire.MetaGraph) []row {
	t.Helper()
	names := make(map[string]bool)
	var out []row
	for n, err := range m.Graph().Nodes() {
		if err != nil {
			t.Fatal(err)
		}
		names[string(n.Name)] = true
		r := row{Name: string(n.Name), Op: string(n.Op), Device: string(n.Device)}
		for _, input := range n.Inputs {
			r.Inputs = append(r.Inputs, string(input))
		}
		out = append(out, r)
	}
	for _, r := range out {
		for k, text := range r.Inputs {
			input := wire.ParseInput([]byte(text))
			port, _ := input.Output()
			if names[string(input.Node)] && !input.Control {
				r.Inputs[k] = string(input.Node) + ":" + string(rune('0'+port))
			}
		}
	}
	return out
}

// TestStable: writing a page twice gives the same bytes.
func TestStable(t *testing.T) {
	m := testfiles.Example()
	first := show(t, "x", testfiles.MetaGraph(t, m))
	if second := show(t, "x", testfiles.MetaGraph(t, m)); !bytes.Equal(first, second) {
		t.Error("the pages of one file differ")
	}
}

const hostile = `</script><script>window.pwned=1</script><img src=x onerror=window.pwned=2>`

// hostileGraph returns a graph whose strings all contain markup.
func hostileGraph(t testing.TB) *wire.MetaGraph {
	t.Helper()
	return testfiles.MetaGraph(t, &tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{Node: []*tfpb.NodeDef{
		testfiles.FloatNode("a"+hostile, "Placeholder", "dtype"),
		{Name: "\u202e" + hostile, Op: hostile, Input: []string{"a" + hostile, hostile}, Device: hostile},
	}}})
}

var (
	scriptElement = regexp.MustCompile(`(?s)<script(?: type="module")?>(.*?)</script>`)
	styleElement  = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	policyElement = regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`)
)

// TestPolicy: the Content-Security-Policy allows only the page's own scripts and styles, by hash.
func TestPolicy(t *testing.T) {
	document := show(t, "\x1b[2J\u202e\xff"+hostile, hostileGraph(t))
	if bytes.Contains(document, []byte("<script>window")) || bytes.Contains(document, []byte("<img")) {
		t.Error("the page contains an unescaped name")
	}
	if !bytes.Contains(document, []byte("<title>\uFFFD[2J\uFFFD\uFFFD&lt;")) {
		t.Error("the title is not what can be shown of the name")
	}
	policy := html.UnescapeString(string(policyElement.FindSubmatch(document)[1]))
	var hashes []string
	for _, e := range append(scriptElement.FindAllSubmatch(document, -1), styleElement.FindSubmatch(document)) {
		sum := sha256.Sum256(e[1])
		hashes = append(hashes, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	if len(hashes) != 3 {
		t.Fatalf("%d scripts and styles, want 3", len(hashes))
	}
	want := "default-src 'none'; script-src " + hashes[0] + " " + hashes[1] + "; style-src " + hashes[2] + "; base-uri 'none'; form-action 'none'"
	if d := cmp.Diff(want, policy); d != "" {
		t.Errorf("policy (-want +got):\n%s", d)
	}
}

// TestSources: the hand-written sources follow the rules that the bundle and the policy rely on.
func TestSources(t *testing.T) {
	files, err := filepath.Glob("web/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no sources", err)
	}
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|createContextualFragment|fetch\(|XMLHttpRequest|import\(`)
	topLevel := regexp.MustCompile(`(?m)^(?:export )?(?:async )?(?:const|let|class|function) (\$|\w+)`)
	imports := regexp.MustCompile(`(?m)^import \{ ([^}]*) \} from '\./(\w+\.js)';$`)
	owner, exported := make(map[string]string), make(map[string]string)
	lines := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(file) != ".html" {
			lines += len(regexp.MustCompile(`(?m)^.+$`).FindAll(b, -1))
		}
		if filepath.Ext(file) != ".js" {
			continue
		}
		if found := markup.Find(b); found != nil {
			t.Errorf("%s: %s", file, found)
		}
		for _, m := range topLevel.FindAllSubmatch(b, -1) {
			if other := owner[string(m[1])]; other != "" {
				t.Errorf("%s and %s both define %s, but the page joins them", other, file, m[1])
			}
			owner[string(m[1])] = file
			if bytes.HasPrefix(m[0], []byte("export ")) {
				exported[string(m[1])] = filepath.Base(file)
			}
		}
	}
	for _, file := range files {
		b, _ := os.ReadFile(file)
		for _, m := range imports.FindAllSubmatch(b, -1) {
			for name := range strings.SplitSeq(string(m[1]), ", ") {
				if exported[name] != string(m[2]) {
					t.Errorf("%s imports %s from %s, which does not export it", file, name, m[2])
				}
			}
		}
		if n := bytes.Count(b, []byte("\nimport ")) + bytes.Count(b[:min(len(b), 7)], []byte("import ")); n != len(imports.FindAll(b, -1)) {
			t.Errorf("%s: an import that the bundle does not support", file)
		}
	}
	if lines >= 2500 {
		t.Errorf("%d lines, want fewer than 2500", lines)
	}
}

// TestDiff: the page of a comparison contains the change of each node.
func TestDiff(t *testing.T) {
	before := testfiles.MetaGraph(t, testfiles.Sketch(t, "x = Placeholder\nold/w = Const\nold/b = Const\ngone = Const\ny = Add x old/w\nz = Mul y gone"))
	after := testfiles.MetaGraph(t, testfiles.Sketch(t, "x = Placeholder\nnew/w = Const\nnew/b = Const\nmore = Placeholder\ny = Add x new/w\nz = Mul y more"))
	b := blocks(t, compare(t, before, after))
	names := rowNames(t, compare(t, before, after))
	what := []string{"same", "added", "removed", "changed", "renamed"}
	got := make(map[string]string)
	for i, name := range names {
		got[name] = what[b["change"][i]]
	}
	want := map[string]string{"x": "same", "new/w": "renamed", "new/b": "renamed", "more": "added", "gone": "removed", "y": "same", "z": "changed"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
}

func rowNames(t testing.TB, document []byte) []string {
	t.Helper()
	var names []string
	for _, r := range rows(t, document) {
		names = append(names, r.Name)
	}
	return names
}

// TestCheckpointKeys: every variable that the saver restores has its key.
func TestCheckpointKeys(t *testing.T) {
	document := show(t, "train", testfiles.Open(t, testfiles.Path(t, "testdata/train/model.ckpt-3.meta"), ""))
	var pairs []any
	if err := json.Unmarshal(blocks(t, document)["keys"], &pairs); err != nil {
		t.Fatal(err)
	}
	names := rowNames(t, document)
	got := make(map[string]string)
	for _, pair := range pairs[1:] {
		p := pair.([]any)
		got[names[int(p[0].(float64))]] = p[1].(string)
	}
	for _, name := range []string{"hidden/weights", "softmax_linear/biases", "global_step"} {
		if got[name] != name {
			t.Errorf("key of %s: %q (all: %v)", name, got[name], got)
		}
	}
}
