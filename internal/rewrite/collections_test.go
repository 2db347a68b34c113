package rewrite_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/match"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// FuzzFilterCollections checks that the decoded result, the report and the errors of FilterCollections equal those of a
// plain twin on the decoded message. All other bytes must stay the same.
func FuzzFilterCollections(f *testing.F) {
	for i, raw := range append(testMessages(f, 8<<10), strangeCollections...) {
		patterns := filterPatterns[i%len(filterPatterns)]
		f.Add(raw, patterns[0], patterns[1], i%2 == 0, uint64(i))
	}
	f.Fuzz(func(t *testing.T, raw []byte, keep, drop string, allowMissing bool, seed uint64) {
		if len(raw) > 16<<10 || len(keep)+len(drop) > 200 || proto.Unmarshal(raw, new(tfpb.MetaGraphDef)) != nil {
			return
		}
		o := rewrite.CollectionOptions{AllowMissing: allowMissing}
		var ok bool
		if o.Keep, ok = globs(keep); !ok {
			return
		}
		if o.Drop, ok = globs(drop); !ok {
			return
		}
		checkFilter(t, raw, o)
		s := wiretest.Scrambler{Rand: rand.New(rand.NewPCG(seed, 1)), Unknown: seed%2 == 0}
		checkFilter(t, s.Scramble(raw, (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()), o)
	})
}

// filterPatterns are values of --keep and --drop.
var filterPatterns = [][2]string{
	{"*", ""}, {"", "*"}, {"*variables", "train*"}, {"a?,[b-d]*", ""}, {"nothing", "*s"}, {"", "*s,*"}, {"a", ""}, {"", "?"}, {"*", "[^a]"},
}

// TestFilterCollectionsTwin runs the twin on the test data and on unusual encodings, with all patterns.
func TestFilterCollectionsTwin(t *testing.T) {
	for _, raw := range append(testMessages(t, 1<<20), strangeCollections...) {
		for i, patterns := range filterPatterns {
			keep, _ := globs(patterns[0])
			drop, _ := globs(patterns[1])
			checkFilter(t, raw, rewrite.CollectionOptions{Keep: keep, Drop: drop, AllowMissing: i%2 == 0})
		}
	}
}

// TestFilterCollectionsCorpus filters real files. Keeping all collections must not change a byte, and dropping all must
// leave none. The graph must not change.
func TestFilterCollectionsCorpus(t *testing.T) {
	all, _ := globs("*")
	eachCorpusFile(t, 4<<20, func(t *testing.T, raw []byte) {
		rope, report, err := rewrite.FilterCollections(parse(t, raw), rewrite.CollectionOptions{Keep: all, AllowMissing: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Dropped) > 0 || !bytes.Equal(rope.Bytes(), raw) {
			t.Errorf("the bytes changed although all collections are kept; dropped: %q", report.Dropped)
		}
		rope, report, err = rewrite.FilterCollections(parse(t, raw), rewrite.CollectionOptions{Drop: all, AllowMissing: true})
		if err != nil {
			t.Fatal(err)
		}
		none := parse(t, rope.Bytes())
		for key := range none.Entries(fieldnum.MetaGraphDef_CollectionDef) {
			t.Errorf("collection %q was not dropped", key)
		}
		if len(report.Kept) > 0 || !bytes.Equal(none.Graph(), parse(t, raw).Graph()) {
			t.Error("the graph changed")
		}
	})
}

// globs parses comma-separated globs. The empty string contains none.
func globs(list string) ([]match.Glob, bool) {
	if list == "" {
		return nil, true
	}
	var out []match.Glob
	for text := range strings.SplitSeq(list, ",") {
		glob, err := match.ParseGlob(text)
		if err != nil {
			return nil, false
		}
		out = append(out, glob)
	}
	return out, true
}

// matches is the twin of Glob.Match, for patterns that are equivalent to a regular expression.
func matches(t *testing.T, g match.Glob, name string) bool {
	t.Helper()
	if g.String() == name {
		return true
	}
	if strings.ContainsAny(g.String(), `[\`) {
		return g.Match(name) // its own tests cover sets
	}
	expression := regexp.QuoteMeta(g.String())
	expression = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(expression)
	re, err := regexp.Compile(`(?s)^(?:` + expression + `)$`)
	if err != nil {
		return g.Match(name) // the pattern is not UTF-8
	}
	return re.MatchString(name)
}

// checkFilter runs FilterCollections and its twin.
func checkFilter(t *testing.T, raw []byte, o rewrite.CollectionOptions) {
	t.Helper()
	var want, got tfpb.MetaGraphDef
	if err := proto.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	var kept, dropped, missing []string
	for key := range want.CollectionDef {
		fits := func(g match.Glob) bool { return matches(t, g, key) }
		if (len(o.Keep) == 0 || slices.ContainsFunc(o.Keep, fits)) && !slices.ContainsFunc(o.Drop, fits) {
			kept = append(kept, key)
		} else {
			dropped = append(dropped, key)
		}
	}
	for _, g := range slices.Concat(o.Keep, o.Drop) {
		all := g.String() == "*" // which is no typo in a file without collections
		if !all && !slices.ContainsFunc(slices.Concat(kept, dropped), func(key string) bool { return matches(t, g, key) }) {
			missing = append(missing, g.String())
		}
	}
	m := parse(t, raw)
	rope, report, err := rewrite.FilterCollections(m, o)
	if len(missing) > 0 && !o.AllowMissing {
		var e *rewrite.MissingError
		if !errors.As(err, &e) {
			t.Fatalf("the error is %v, but %q match nothing", err, missing)
		}
		if diff := cmp.Diff(missing, e.Patterns); diff != "" {
			t.Errorf("unmatched patterns (-want +got):\n%s", diff)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range dropped {
		delete(want.CollectionDef, key)
	}
	out := rope.Bytes()
	if err := proto.Unmarshal(out, &got); err != nil || !proto.Equal(&want, &got) {
		t.Fatalf("the result differs from the twin's (%v)", err)
	}
	for _, keys := range []struct{ want, got []string }{{kept, report.Kept}, {dropped, report.Dropped}} {
		slices.Sort(keys.want)
		if sorted := slices.Sorted(slices.Values(keys.got)); !slices.Equal(keys.want, sorted) {
			t.Errorf("report says %q, want %q", sorted, keys.want)
		}
	}
	// What stays is the message without the fields of the collections that went.
	before := raw
	if len(dropped) > 0 {
		before = m.Rope().Bytes() // the occurrences of a singular message are moved together
	}
	var rest []byte
	for s := wire.Scan(before); s.Next(); {
		if key, _ := wire.MapEntry(s.Data); s.Is(fieldnum.MetaGraphDef_CollectionDef) && slices.Contains(dropped, string(key)) {
			continue
		}
		rest = append(rest, s.Raw...)
	}
	if !bytes.Equal(rest, out) {
		t.Error("bytes outside the collections changed")
	}
}

// strangeCollections are collections in encodings that no library writes.
var strangeCollections = [][]byte{
	wiretest.Join(collection("a", "x"), collection("b", "y"), collection("a", "z")),
	wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_CollectionDef, wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.CollectionDef_NodeList, wiretest.String(fieldnum.CollectionDef_NodeList_Value, "x"))), wiretest.String(fieldnum.MapEntry_Key, "a")), collection("b")),
	wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_CollectionDef, wiretest.String(fieldnum.MapEntry_Key, "b"), wiretest.String(fieldnum.MapEntry_Key, "a"))),
	wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_CollectionDef), wiretest.Varint(fieldnum.MetaGraphDef_CollectionDef, 3), wiretest.String(99, "unknown"), collection("c")),
	wiretest.Join(graph(node("n")), collection("b"), graph(node("m")), collection("a")),
	{0xa2, 0x00, 0x84, 0x00, 0x0a, 0x81, 0x00, 'a'},
}

// collection returns a collection of nodes.
func collection(key string, values ...string) []byte {
	var list []byte
	for _, v := range values {
		list = append(list, wiretest.String(fieldnum.CollectionDef_NodeList_Value, v)...)
	}
	return wiretest.Message(fieldnum.MetaGraphDef_CollectionDef, wiretest.String(fieldnum.MapEntry_Key, key), wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.CollectionDef_NodeList, list)))
}
