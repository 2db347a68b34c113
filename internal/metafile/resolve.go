package metafile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/text"
)

// stateName is the file in which a Saver notes its checkpoints (tensorflow/python/checkpoint/checkpoint_management.py).
const stateName = "checkpoint"

// maxState is the most bytes that a state file has: a name and a time for each of thousands of checkpoints.
const maxState = 16 << 20

// errNoState is the cause of an error about a file that is no state file.
var errNoState = errors.New("no CheckpointState")

// shards is what stands behind the name of a checkpoint of the first format that was saved in shards.
var shards = regexp.MustCompile(`-[\d?]+-of-\d+$`)

// metaName returns the name of the MetaGraphDef that belongs to a checkpoint (meta_graph_filename in
// tensorflow/python/checkpoint/checkpoint_management.py).
func metaName(prefix string) string {
	return shards.ReplaceAllLiteralString(prefix, "") + ".meta"
}

// resolve returns the file that an argument means: itself, the .meta of a checkpoint prefix, and in a directory the
// saved_model.pb or the .meta of the latest checkpoint. A checkpoint of the first format is a file that is called like its
// prefix.
func resolve(path string) (string, error) {
	stat, err := os.Stat(path)
	switch {
	case err == nil && stat.IsDir():
		return resolveDirectory(path)
	case err == nil && filepath.Base(path) == stateName && stat.Mode().IsRegular() && stat.Size() <= maxState:
		latest, err := latestCheckpoint(path)
		if errors.Is(err, errNoState) {
			return path, nil // some other file that is called so
		}
		return latest, err
	case err == nil:
		if meta := metaName(path); exists(meta) && isTableAt(path, stat) {
			return meta, nil
		}
		return path, nil
	case !isNotExist(err):
		return "", err
	}
	if _, err := os.Stat(metaName(path)); err == nil {
		return metaName(path), nil
	}
	return "", missing(path, err)
}

// missing returns the error for a path that does not exist, with what is there instead.
func missing(path string, err error) error {
	const problem = "no such file or directory" // each system has words of its own
	if scheme, _, isURL := strings.Cut(path, "://"); isURL && scheme != "" {
		return &Error{Name: path, Problem: "is a URL; metagraph reads local files", Hint: fetch(scheme, path), Err: err}
	}
	dir := filepath.Dir(path)
	if model := filepath.Dir(dir); filepath.Base(dir) == "variables" && exists(filepath.Join(model, "saved_model.pb")) {
		return &Error{Name: path, Problem: "is the checkpoint of a SavedModel, which holds no graph", Hint: "give the directory of the SavedModel: " + model, Err: err}
	}
	if _, statErr := os.Stat(dir); statErr != nil {
		return &Error{Name: path, Problem: problem, Hint: fmt.Sprintf("the directory %s is not there either", dir), Err: err}
	}
	// A checkpoint that was saved with write_meta_graph=False has an index and no .meta.
	if _, statErr := os.Stat(path + ".index"); statErr == nil {
		return &Error{Name: path, Problem: "is a checkpoint without a graph: there is an .index and no .meta", Err: err,
			Hint: "it was saved with write_meta_graph=False; " + besides(dir)}
	}
	return &Error{Name: path, Problem: problem, Hint: besides(dir), Err: err}
}

// fetch returns how to get the file behind a URL.
func fetch(scheme, url string) string {
	switch scheme {
	case "http", "https":
		return "pipe it in: curl -fsSL '" + url + "' | metagraph show -"
	case "gs":
		return "pipe it in: gcloud storage cat '" + url + "' | metagraph show -"
	case "s3":
		return "pipe it in: aws s3 cp '" + url + "' - | metagraph show -"
	case "hdfs":
		return "pipe it in: hdfs dfs -cat '" + url + "' | metagraph show -"
	case "file":
		return "give the path alone: " + strings.TrimPrefix(url, "file://")
	}
	return "download the file first"
}

// besides names the .meta files in a directory.
func besides(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "" // nothing can be said of it
	}
	var found []string
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".meta" {
			found = append(found, filepath.Join(dir, entry.Name()))
		}
	}
	switch len(found) {
	case 0:
		return fmt.Sprintf("there is no .meta file in %s", dir)
	case 1:
		return fmt.Sprintf("there is %s", found[0])
	}
	return fmt.Sprintf("there are %d .meta files in %s, for example %s", len(found), dir, found[len(found)-1])
}

// resolveDirectory returns the file that a directory stands for.
func resolveDirectory(dir string) (string, error) {
	for _, name := range []string{"saved_model.pb", "saved_model.pbtxt"} {
		if path := filepath.Join(dir, name); exists(path) {
			return path, nil
		}
	}
	state := filepath.Join(dir, stateName)
	if !exists(state) {
		if _, err := os.Stat(state); !isNotExist(err) {
			return "", err // it may not be looked into
		}
		// A directory and a checkpoint can have the same name.
		if path := filepath.Clean(dir) + ".meta"; exists(path) {
			return path, nil
		}
		if versions := servingVersions(dir); len(versions) > 0 {
			latest := filepath.Join(dir, versions[len(versions)-1])
			return "", &Error{Name: dir, Problem: "holds versions of a SavedModel, as TensorFlow Serving wants them: " + strings.Join(versions, ", "),
				Hint: "give one of them, for example " + latest}
		}
		if model := filepath.Dir(filepath.Clean(dir)); filepath.Base(filepath.Clean(dir)) == "variables" && exists(filepath.Join(model, "saved_model.pb")) {
			return "", &Error{Name: dir, Problem: "holds the variables of a SavedModel, and no graph", Hint: "give the directory of the SavedModel: " + model}
		}
		if path := filepath.Join(dir, ".meta"); exists(path) {
			return "", &Error{Name: dir, Problem: "is a directory; the checkpoint in it was saved with an empty name", Hint: "give its graph: " + path}
		}
		problem := "is a directory with neither a saved_model.pb nor a `checkpoint` file that names the latest checkpoint"
		return "", &Error{Name: dir, Problem: problem, Hint: besides(dir)}
	}
	return latestCheckpoint(state)
}

// maxVersions is how many versions of a model an error lists: the last ones.
const maxVersions = 5

// servingVersions returns the subdirectories of a directory that are numbers and hold a SavedModel, the largest number last.
func servingVersions(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var versions []uint64
	for _, entry := range entries {
		version, err := strconv.ParseUint(entry.Name(), 10, 64)
		if err == nil && exists(filepath.Join(dir, entry.Name(), "saved_model.pb")) {
			versions = append(versions, version)
		}
	}
	slices.Sort(versions)
	var names []string
	for _, version := range versions[max(len(versions)-maxVersions, 0):] {
		names = append(names, strconv.FormatUint(version, 10))
	}
	return names
}

// latestCheckpoint returns the .meta of the checkpoint that a state file names (tf.train.latest_checkpoint). A path in it
// that does not exist, as when the directory was moved, is looked for beside the state file.
func latestCheckpoint(state string) (string, error) {
	stat, err := os.Stat(state)
	if err != nil {
		return "", err
	}
	if !stat.Mode().IsRegular() || stat.Size() > maxState {
		return "", &Error{Name: state, Problem: "is too large for a CheckpointState, or no file", Err: errNoState}
	}
	data, err := os.ReadFile(state)
	if err != nil {
		return "", err
	}
	var checkpoints tfpb.CheckpointState
	raw, err := text.Parse(data, checkpoints.ProtoReflect().Descriptor(), text.ParseOptions{})
	if err == nil {
		err = proto.Unmarshal(raw, &checkpoints)
	}
	if err != nil {
		return "", &Error{Name: state, Problem: fmt.Sprintf("is no CheckpointState: %v", err), Err: errNoState}
	}
	if len(data) == 0 {
		return "", &Error{Name: state, Problem: "is empty, so it names no checkpoint", Hint: besides(filepath.Dir(state)), Err: errNoState}
	}
	prefix := checkpoints.GetModelCheckpointPath()
	if prefix == "" {
		return "", &Error{Name: state, Problem: "names no latest checkpoint (model_checkpoint_path is empty)", Hint: besides(filepath.Dir(state))}
	}
	dir := filepath.Dir(state)
	candidates := []string{prefix, filepath.Join(dir, filepath.Base(filepath.FromSlash(strings.ReplaceAll(prefix, `\`, "/"))))}
	if !filepath.IsAbs(prefix) {
		candidates[0] = filepath.Join(dir, prefix)
	}
	for _, candidate := range candidates {
		if meta := metaName(candidate); exists(meta) {
			return meta, nil
		}
	}
	return "", &Error{Name: metaName(candidates[0]), Problem: fmt.Sprintf("is not there, though %s names it as the latest checkpoint", state), Hint: besides(dir)}
}

// isTableAt reports whether the file at path, as stat has it, is in the table format.
func isTableAt(path string, stat os.FileInfo) bool {
	if !stat.Mode().IsRegular() || stat.Size() < tableFooter {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // it was only read
	var footer [tableFooter]byte
	_, err = file.ReadAt(footer[:], stat.Size()-tableFooter)
	return err == nil && isTableFile(path, footer[:])
}

// exists reports whether a regular file, or what a link leads to, stands at path.
func exists(path string) bool {
	stat, err := os.Stat(path)
	return err == nil && !stat.IsDir()
}
