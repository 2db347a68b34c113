package checkpoint_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/tensor"
)

// A wanted is a tensor as TensorFlow reads it; see testdata/make.py.
type wanted struct {
	Name    string       `json:"name"`
	DType   int32        `json:"dtype"`
	Shape   tensor.Shape `json:"shape"`
	Values  string       `json:"values"`
	Strings []string     `json:"strings"`
}

// open opens a checkpoint and closes it when the test ends.
func open(t testing.TB, path string) *checkpoint.Checkpoint {
	t.Helper()
	c, err := checkpoint.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// values returns all tensors of a checkpoint with their values.
func values(t testing.TB, c *checkpoint.Checkpoint) []wanted {
	t.Helper()
	got := []wanted{}
	for i := range c.Tensors {
		tensor := &c.Tensors[i]
		w := wanted{Name: tensor.Name, DType: tensor.DType, Shape: tensor.Shape}
		if tensor.IsString() {
			texts, err := c.Strings(tensor, checkpoint.Slice{})
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				w.Strings = append(w.Strings, hex.EncodeToString(text))
			}
		} else {
			windows, err := c.Windows(tensor, checkpoint.Slice{})
			if err != nil {
				t.Fatal(err)
			}
			w.Values = hex.EncodeToString(bytes.Join(windows, nil))
		}
		got = append(got, w)
	}
	return got
}

// wantedOf returns the tensors that TensorFlow reads from a checkpoint in testdata.
func wantedOf(t testing.TB, name string) []wanted {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var want []wanted
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	return want
}

// TestOpen compares names, dtypes, shapes and values with those that TensorFlow reads.
func TestOpen(t *testing.T) {
	for _, test := range []struct {
		name    string
		version checkpoint.Version
		shards  int
	}{
		{"bundle", checkpoint.V2, 1}, {"sliced", checkpoint.V2, 1}, {"sharded", checkpoint.V2, 2}, {"objects", checkpoint.V2, 1},
		{"first", checkpoint.V1, 1}, {"first-sliced", checkpoint.V1, 1}, {"first-sharded", checkpoint.V1, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := open(t, filepath.Join("testdata", test.name))
			if c.Version != test.version || c.Shards != test.shards {
				t.Errorf("version %s, %d shards", c.Version, c.Shards)
			}
			if diff := cmp.Diff(wantedOf(t, test.name), values(t, c)); diff != "" {
				t.Errorf("differs from TensorFlow (-want +got):\n%s", diff)
			}
			damaged, err := c.Verify(t.Context(), nil, nil)
			if err != nil || len(damaged) > 0 {
				t.Errorf("damaged: %v, %v", damaged, err)
			}
		})
	}
}
