package rewrite

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// An AssetFile is a file that a SavedModel includes.
type AssetFile struct {
	Tensor   string `json:"tensor"`   // `node:0`, which loaders set to the path
	Filename string `json:"filename"` // the name in the directory assets
	Path     string `json:"path"`     // the path in the graph; empty if the graph has none
}

// A StalePath is a constant with a path that is not an asset.
type StalePath struct {
	Node string `json:"node"`
	Path string `json:"path"`
}

// planSavedModel checks and plans what a loader of a SavedModel needs: inputs for everything that the outputs read,
// values of all variables, one op that initializes tables, and the files that fill tables.
func (e *exporter) planSavedModel() error {
	if !e.o.SavedModel {
		return nil
	}
	view, err := e.servedView()
	if err != nil {
		return err
	}
	init, err := e.checkServable(view)
	if err != nil {
		return err
	}
	if err := e.checkValues(view); err != nil {
		return err
	}
	if err := e.planAssets(view); err != nil {
		return err
	}
	return e.planInitOp(init)
}

// servedView returns the part of the graph that is served. This is the copy itself if it is cut. Otherwise it is a
// separate cut to what the signatures need, for inspection only.
func (e *exporter) servedView() (*prune.Cut, error) {
	if e.cut != nil {
		return e.cut, nil
	}
	inputs, outputs := e.signed()
	if len(outputs) == 0 {
		return nil, ErrNoOutputs
	}
	g, err := graph.New(e.m.Graph())
	if err != nil {
		return nil, err
	}
	if _, err := e.draftGraph(); err != nil {
		return nil, err
	}
	view, err := prune.Outputs(draft.New(g), opdef.NewTensors(g, e.m), inputs, outputs)
	if err != nil {
		return nil, err
	}
	return view, nil
}

// checkServable reports nodes that a server cannot feed. It returns how the graph is initialized.
func (e *exporter) checkServable(view *prune.Cut) (*prune.Init, error) {
	init := e.init
	if view != e.cut {
		var err error
		if init, err = view.KeepInitializers(e.m); err != nil {
			return nil, err
		}
		if err := view.Finish(); err != nil {
			return nil, err
		}
		if err := e.reportInit(init); err != nil {
			return nil, err
		}
	}
	for _, name := range view.Feeds {
		e.conflicts.Add("make it an input too, or choose other outputs", "the outputs need the placeholder %q, which is not an input", name)
	}
	for _, name := range view.Sources {
		e.conflicts.Add("make its tensor an input, so that a placeholder replaces it", "the outputs read the input pipeline %q, which a server cannot fill", name)
	}
	return init, e.conflicts.Err()
}

// checkValues reports variables without a value after loading. The C++ loader does not check this, and the model fails
// when it runs.
func (e *exporter) checkValues(view *prune.Cut) error {
	if e.o.Freeze {
		return nil
	}
	restored, err := e.restored()
	if err != nil {
		return err
	}
	var n wire.Node
	needed := false
	shared := e.sharedNames()
	for i := range e.draft.Files() {
		if e.draft.Graph.Node(i, &n); !opdef.IsVariable(n.Op) || !view.Needs(i) {
			continue
		}
		needed = true
		if e.byNode[i] == nil && !shared[sharedName(&n)] {
			e.conflicts.Add("save it too, or cut the graph after it", "variable %q has no value: the saver does not restore it", n.Name)
		}
	}
	if e.o.Checkpoint == nil && (needed || len(restored) > 0 && e.cut == nil) {
		return ErrNoCheckpoint
	}
	for k := range restored {
		if i := int(restored[k].Node); e.o.Checkpoint != nil && (e.cut == nil || i >= 0 && e.cut.Reach.Has[i]) {
			e.checkKey(&restored[k])
		}
	}
	return e.conflicts.Err()
}

// sharedNames returns the shared_names of the restored variables. Other variables with the same shared_name share their
// values.
func (e *exporter) sharedNames() map[string]bool {
	names := make(map[string]bool)
	var n wire.Node
	for i := range e.byNode {
		if i < 0 {
			continue
		}
		e.draft.Graph.Node(i, &n)
		if name := sharedName(&n); name != "" {
			names[name] = true
		}
	}
	return names
}

// sharedName returns the shared_name of a node, or "" if it has none.
func sharedName(n *wire.Node) string {
	value, _ := n.Attr("shared_name")
	name, _ := wire.AttrBytes(value, fieldnum.AttrValue_S)
	return string(name)
}

// planInitOp makes exactly one op initialize the graph. Loaders look for it in a signature and in two collections, each
// of which can name one op (GetInitOp in tensorflow/cc/saved_model/loader_util.cc).
func (e *exporter) planInitOp(init *prune.Init) error {
	run := slices.Clone(init.Ops)
	for _, name := range init.Initializers {
		if !init.Covers[name] {
			run = append(run, name)
		}
	}
	placeholders, err := e.fedBy(run...)
	if err != nil {
		return err
	}
	switch {
	case len(placeholders) > 0:
		e.conflicts.Add("initialize it without a feed, or leave it out of the outputs", "initialization needs the placeholder %q, which a loader does not feed", placeholders[0])
		return e.conflicts.Err()
	case len(run) == 0:
		return nil
	case len(run) == 1 && len(init.Ops) == 1 && init.Listed == 1:
		e.report.InitOp = run[0]
		return nil
	}
	e.mainOp = run[0]
	if len(run) > 1 {
		controls := make([]string, len(run))
		for k, name := range run {
			controls[k] = "^" + name
		}
		e.mainOp = scope.Unique("saved_model_init", func(name string) bool { _, taken := e.draft.Find([]byte(name)); return taken })
		i := e.draft.Add(e.draft.Files(), draft.Node(e.mainOp, "NoOp", "", controls, nil))
		if e.cut != nil {
			if err := e.cut.Reach.Add(i); err != nil {
				return err
			}
		}
	}
	e.report.InitOp = e.mainOp
	return nil
}

// fedBy returns the placeholders that some ops need, except assets, which loaders feed.
func (e *exporter) fedBy(ops ...string) ([]string, error) {
	reach := e.draft.NewReach()
	for _, name := range ops {
		if i, ok := e.draft.Find([]byte(name)); ok {
			if err := reach.Add(i); err != nil {
				return nil, err
			}
		}
	}
	assets := make(map[string]bool, len(e.report.AssetFiles))
	for _, asset := range e.report.AssetFiles {
		assets[nodeOf(asset.Tensor)] = true
	}
	var names []string
	err := e.draft.Kept(reach.Has, func(_ int, n *wire.Node) error {
		if string(n.Op) == "Placeholder" && !assets[string(n.Name)] {
			names = append(names, string(n.Name))
		}
		return nil
	})
	return names, err
}

// planAssets finds the files that the copy reads during initialization: its existing assets, the files in the collection
// asset_filepaths, and the files that fill tables.
func (e *exporter) planAssets(view *prune.Cut) error {
	kept := view.Reach.Has
	taken := make(map[string]bool)
	known := make(map[string]bool)
	numbers := make(map[string]int) // last number that each file name got
	for _, asset := range e.listedAssets() {
		i, ok := e.draft.Original([]byte(nodeOf(asset.Tensor)))
		if ok && (e.cut == nil || kept[i]) {
			taken[asset.Filename], known[asset.Tensor] = true, true
			e.report.AssetFiles = append(e.report.AssetFiles, asset)
		}
	}
	paths, err := e.filePaths(kept)
	if err != nil {
		return err
	}
	for _, i := range paths {
		var n wire.Node
		e.draft.Graph.Node(i, &n)
		name, ok := stringConst(&n)
		if known[string(n.Name)+":0"] || !ok || name == "" {
			continue
		}
		base := path.Base(strings.ReplaceAll(name, `\`, "/"))
		filename := base
		for taken[filename] {
			numbers[base]++
			ext := path.Ext(base)
			filename = strings.TrimSuffix(base, ext) + "_" + strconv.Itoa(numbers[base]) + ext
		}
		taken[filename], known[string(n.Name)+":0"] = true, true
		e.newAssets = append(e.newAssets, AssetFile{Tensor: string(n.Name) + ":0", Filename: filename, Path: name})
	}
	e.report.AssetFiles = append(e.report.AssetFiles, e.newAssets...)
	return e.findStalePaths(kept, known)
}

// listedAssets returns the assets of the file, from asset_file_def or from the collection in which TensorFlow 1 stores
// the same messages.
func (e *exporter) listedAssets() []AssetFile {
	var assets []AssetFile
	seen := make(map[string]bool)
	add := func(def []byte) {
		info, _ := wire.Merged(def, fieldnum.AssetFileDef_TensorInfo)
		name, filename := string(wire.Last(info, fieldnum.TensorInfo_Name)), string(wire.Last(def, fieldnum.AssetFileDef_Filename))
		if name == "" || seen[name] {
			return
		}
		seen[name] = true
		asset := AssetFile{Tensor: name, Filename: filename}
		if i, ok := e.draft.Original([]byte(nodeOf(name))); ok {
			var n wire.Node
			e.draft.Graph.Node(i, &n)
			asset.Path, _ = stringConst(&n)
		}
		assets = append(assets, asset)
	}
	for _, f := range e.m.Fields {
		if f.Is(fieldnum.MetaGraphDef_AssetFileDef) {
			add(f.Data)
		}
	}
	value, _ := e.m.Collection(scope.AssetsKey)
	for packed := range scope.Entries(value, fieldnum.CollectionDef_AnyList) {
		add(wire.Last(packed, fieldnum.Any_Value))
	}
	return assets
}

// filePaths returns the constants that name files: those in the collection asset_filepaths, and those that an op reads
// to fill a table.
func (e *exporter) filePaths(kept []bool) ([]int, error) {
	var found []int
	seen := make(map[int]bool)
	add := func(i int) {
		if i < len(kept) && kept[i] && i < e.draft.Files() && !seen[i] {
			seen[i] = true
			found = append(found, i)
		}
	}
	value, _ := e.m.Collection(scope.AssetFilepathsKey)
	for name := range scope.Entries(value, fieldnum.CollectionDef_NodeList) {
		if i, ok := e.draft.Original([]byte(nodeOf(string(name)))); ok {
			add(i)
		}
	}
	return found, e.draft.Kept(kept, func(_ int, n *wire.Node) error {
		if strings.HasPrefix(string(n.Op), "InitializeTableFromTextFile") && len(n.Inputs) > 1 {
			if i, ok := e.draft.Source(n.Inputs[1]); ok {
				add(i)
			}
		}
		return nil
	})
}

// stringConst returns the value of a constant that is a single string, and whether it is one.
func stringConst(n *wire.Node) (string, bool) {
	if string(n.Op) != "Const" || tensor.AttrType(n, "dtype") != tensor.String {
		return "", false
	}
	value, _ := n.Attr("value")
	raw, _ := wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
	list := tensor.ParseStrings(raw)
	if list.Len() != 1 {
		return "", false
	}
	return string(list.At(0)), true
}

// nodeOf returns the node in a tensor name.
func nodeOf(name string) string {
	node, _, _ := strings.Cut(name, ":")
	return node
}

// maxStale is the maximum number of reported constants with paths.
const maxStale = 20

// findStalePaths reports constants that contain an absolute path. Such a file exists on the machine that built the
// graph, but probably not where the copy is loaded.
func (e *exporter) findStalePaths(kept []bool, assets map[string]bool) error {
	return e.draft.Kept(kept, func(_ int, n *wire.Node) error {
		value, ok := stringConst(n)
		if ok && looksAbsolute(value) && !assets[string(n.Name)+":0"] && len(e.report.StalePaths) < maxStale {
			e.report.StalePaths = append(e.report.StalePaths, StalePath{Node: string(n.Name), Path: value})
		}
		return nil
	})
}

// looksAbsolute reports whether a string looks like an absolute path or a file URL.
func looksAbsolute(s string) bool {
	if len(s) > 4096 || strings.ContainsAny(s, "\n\x00") {
		return false
	}
	if strings.HasPrefix(s, "/") {
		return strings.Count(s, "/") > 1
	}
	if len(s) > 3 && s[1] == ':' && s[2] == '\\' {
		return true
	}
	for _, scheme := range []string{"gs://", "s3://", "hdfs://", "file://"} {
		if strings.HasPrefix(s, scheme) {
			return true
		}
	}
	return false
}
