package opdef

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/metagraph/metagraph/internal/tensor"
)

var shapeCases = flag.String("shapes", "testdata/shapes.jsonl.gz", "nodes with TensorFlow's verdict, from testdata/shapes.py")

// A shapeCase is one line of the output of testdata/shapes.py.
type shapeCase struct {
	Op       string
	Producer int64
	Outputs  int
	Inputs   []tensor.Shape
	Values   map[int][]int64
	Attrs    map[string][]byte
	Shapes   []tensor.Shape
	Error    string
}

func (c *shapeCase) query() *ShapeQuery {
	return &ShapeQuery{
		Op: c.Op, Producer: c.Producer, Inputs: c.Inputs, Outputs: c.Outputs,
		Attr: func(name string) []byte { return c.Attrs[name] },
		Value: func(i int) ([]int64, bool) {
			v, ok := c.Values[i]
			return v, ok
		},
	}
}

// within reports whether every shape compatible with a is compatible with b.
func within(a, b tensor.Shape) bool {
	if b == nil {
		return true
	}
	if a == nil || len(a) != len(b) {
		return false
	}
	for i := range a {
		if b[i] >= 0 && a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestInferShapesAgreesWithTensorFlow compares the shape rules with TensorFlow's results for random nodes. A rule must
// not reject what TensorFlow accepts or claim more about an output. It may know less, but only rarely.
func TestInferShapesAgreesWithTensorFlow(t *testing.T) {
	file, err := os.Open(*shapeCases)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // read only
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	type tally struct{ cases, refused, missed, vague int }
	total, byOp := tally{}, make(map[string]*tally)
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c shapeCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		n := byOp[c.Op]
		if n == nil {
			n = new(tally)
			byOp[c.Op] = n
		}
		n.cases++
		got, err := InferShapes(c.query())
		switch {
		case c.Error != "":
			n.refused++
			if err == nil {
				n.missed++
				if *shapeCases != "testdata/shapes.jsonl.gz" && n.missed < 4 {
					t.Logf("missed: %s", lines.Text())
				}
			}
			continue
		case err != nil:
			t.Errorf("rejects a node that TensorFlow accepts: %v\n%s", err, lines.Text())
			continue
		}
		exact := true
		for i, want := range c.Shapes {
			if !within(want, got[i]) {
				t.Errorf("output %d is %v, but TensorFlow infers %v\n%s", i, got[i], want, lines.Text())
			}
			exact = exact && within(got[i], want)
		}
		if !exact {
			n.vague++
			if *shapeCases != "testdata/shapes.jsonl.gz" && n.vague < 4 {
				t.Logf("less precise: %v %s", got, lines.Text())
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	for op, n := range byOp {
		if n.missed+n.vague > 0 {
			t.Logf("%s: %d nodes, %d refused by TensorFlow, of which %d are missed; %d outputs are less precise", op, n.cases, n.refused, n.missed, n.vague)
		}
		total.cases, total.refused, total.missed, total.vague = total.cases+n.cases, total.refused+n.refused, total.missed+n.missed, total.vague+n.vague
	}
	t.Logf("%d nodes of %d ops; TensorFlow refuses %d, of which %d are missed; %d are less precise", total.cases, len(byOp), total.refused, total.missed, total.vague)
	if total.missed*20 > total.refused || total.vague*50 > total.cases {
		t.Error("the rules miss too much")
	}
}
