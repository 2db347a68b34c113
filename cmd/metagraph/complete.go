package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/metagraph/metagraph/internal/diff"
	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A completer returns what the word that is being typed may become. It says nothing where it knows nothing: a completion
// that fails must not disturb the line that the user is typing.
type completer = cobra.CompletionFunc

// addCompletion gives the flags and arguments of all commands below root their completers.
func addCompletion(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = completeTwoFiles
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if complete := flagCompleter(cmd, f); complete != nil {
				// It fails for a flag that does not exist or that has a completer, and this one does and has none.
				_ = cmd.RegisterFlagCompletionFunc(f.Name, complete)
			}
		})
	}
}

// plainUsage takes the marks around the names of values off the usage of all flags below root: help makes a name of what
// they stand around, and cobra's completion shows them as they are.
func plainUsage(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
	}
}

// flagCompleter returns what completes the values of a flag, by its name: a flag is called the same in all commands where it
// means the same. It is nil where files do.
func flagCompleter(cmd *cobra.Command, f *pflag.Flag) completer {
	switch f.Name {
	case "descriptor-set", "into":
		return nil
	case "input-format", "output-format":
		return fixed("auto", "binary", "text", "json")
	case "format":
		if cmd.Name() == "diff" {
			return fixed("table", "markdown", "json", "brief")
		}
		return fixed("auto", "table", "tsv", "markdown", "json", "dot", "html", "sarif")
	case "report":
		return fixed("text", "json")
	case "color":
		return fixed("auto", "always", "never")
	case "ignore", "only":
		return list(fixed(selectable()...))
	case "tag-set":
		return completeTagSets
	case "keep", "drop", "restore-collections":
		return list(fromInput(suggestCollectionPatterns))
	case "collection-list":
		return list(fromInput(suggestListedCollections))
	case "unbound-inputs-col-name":
		return fromInput(inspect.SuggestCollections)
	case "register":
		return pair(fromInput(inspect.SuggestCollections), completeTypes)
	case "export-scope", "scope":
		return list(fromInput(inspect.SuggestScopes))
	case "op":
		return list(fromInput(inspect.SuggestOps))
	case "match", "device":
		return list(fromInput(inspect.SuggestDevices))
	case "map":
		return pair(fromInput(inspect.SuggestDevices), fromInput(inspect.SuggestDevices))
	case "input-map":
		return pair(fromInput(suggestInputs(cmd)), fromBase(inspect.SuggestNodes))
	case "return-elements":
		return fromInput(inspect.SuggestNodes)
	case "name":
		return list(completeNames)
	}
	return cobra.NoFileCompletions
}

// completeTwoFiles completes the arguments of the commands that take two files.
func completeTwoFiles(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) < 2 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// fixed completes one of a few words.
func fixed(words ...string) completer {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var out []cobra.Completion
		for _, word := range words {
			if strings.HasPrefix(word, typed) {
				out = append(out, word)
			}
		}
		return out, endOf(out)
	}
}

// list completes the last element of a comma-separated list.
func list(element completer) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return after(typed, strings.LastIndexByte(typed, ',')+1, element, cmd, args)
	}
}

// pair completes the two sides of KEY=VALUE.
func pair(key, value completer) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if equals := strings.IndexByte(typed, '='); equals >= 0 {
			return after(typed, equals+1, value, cmd, args)
		}
		out, _ := key(cmd, args, typed)
		for i, completion := range out {
			text, note, described := strings.Cut(completion, "\t")
			if !strings.HasSuffix(text, "/") {
				text += "="
			}
			if described {
				text = cobra.CompletionWithDesc(text, note)
			}
			out[i] = text
		}
		return out, endOf(out)
	}
}

// after completes what is typed from a position on.
func after(typed string, at int, complete completer, cmd *cobra.Command, args []string) ([]cobra.Completion, cobra.ShellCompDirective) {
	out, end := complete(cmd, args, typed[at:])
	for i := range out {
		out[i] = typed[:at] + out[i]
	}
	return out, end
}

// endOf returns what the shell is to do behind one of the completions: nothing where there is more to type, such as a name
// in the scope or the value of the key, else to put a space.
func endOf(completions []cobra.Completion) cobra.ShellCompDirective {
	for _, completion := range completions {
		text, _, _ := strings.Cut(completion, "\t")
		if strings.HasSuffix(text, "/") || strings.HasSuffix(text, "=") || strings.HasSuffix(text, ":") {
			return cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
	}
	return cobra.ShellCompDirectiveNoFileComp
}

// A suggester finds what begins with a prefix in a MetaGraphDef.
type suggester = func(m *wire.MetaGraph, prefix string) []inspect.Suggestion

// fromInput completes with what is in the command's first file.
func fromInput(suggest suggester) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return suggestFrom(cmd, firstFile(cmd, args), typed, suggest)
	}
}

// fromBase completes with what stands in the file that --into names.
func fromBase(suggest suggester) completer {
	return func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return suggestFrom(cmd, flagValue(cmd, "into"), typed, suggest)
	}
}

// suggestFrom completes with what stands in a file.
func suggestFrom(cmd *cobra.Command, path, typed string, suggest suggester) ([]cobra.Completion, cobra.ShellCompDirective) {
	file, err := openForCompletion(cmd, path, argument(tagSets(cmd), 0))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer file.Close() //nolint:errcheck // read only
	var out []cobra.Completion
	for _, s := range suggest(file.Meta, typed) {
		completion := s.Text
		if s.Note != "" {
			completion = cobra.CompletionWithDesc(s.Text, s.Note)
		}
		out = append(out, completion)
	}
	return out, endOf(out)
}

// completeTagSets completes the tag-sets of a SavedModel.
func completeTagSets(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var sets []string
	// In diff, the second tag-set is that of B.
	of := 0
	if cmd.Name() == "diff" {
		of = min(len(tagSets(cmd)), 1)
	}
	path := argument(args, of)
	if cmd.Name() == "show" {
		path = firstFile(cmd, args)
	}
	file, err := openForCompletion(cmd, path, "")
	var choice *metafile.Error
	switch {
	case err == nil:
		sets = file.TagSets
		_ = file.Close() // read only
	case errors.As(err, &choice):
		sets = choice.TagSets
	}
	return fixed(sets...)(cmd, args, typed)
}

// completeNames completes --name: of show, names of what the sections that have been typed list.
func completeNames(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	suggest := inspect.SuggestNodes
	if cmd.Name() == "show" {
		if path := firstFile(cmd, args); slices.Contains(args, checkpointSection) || metafile.IsCheckpoint(path) {
			return fixed(checkpointTensors(path)...)(cmd, args, typed)
		}
		for _, arg := range args {
			if own := namesOf(arg); own != nil {
				suggest = own
				break
			}
		}
	}
	return suggestFrom(cmd, firstFile(cmd, args), typed, suggest)
}

// firstFile returns the first argument that names a file: of show, the first that is not a section.
func firstFile(cmd *cobra.Command, args []string) string {
	for _, arg := range args {
		if cmd.Name() != "show" || !slices.Contains(sectionNames(0), arg) {
			return arg
		}
	}
	return ""
}

// namesOf returns what finds the names in a section that lists something else than nodes, nil for others.
func namesOf(section string) suggester {
	switch section {
	case "collections":
		return inspect.SuggestCollections
	case "signatures":
		return inspect.SuggestSignatures
	case "functions":
		return inspect.SuggestFunctions
	}
	return nil
}

// maxTextForCompletion is the size up to which a file in text or JSON is read for completion: a tenth of a second's work.
const maxTextForCompletion = 4 << 20

// errNotForCompletion is returned for what cannot be read while somebody waits for a completion.
var errNotForCompletion = errors.New("not to be read for completion")

// openForCompletion opens an input unless it is one that takes long or must not be touched: standard input, a pipe, a large
// text.
func openForCompletion(cmd *cobra.Command, path, tagSet string) (*metafile.File, error) {
	if stdinArgument(path) {
		return nil, errNotForCompletion
	}
	if stat, err := os.Stat(path); err == nil && !stat.IsDir() {
		text := slices.Contains([]string{".pbtxt", ".txtpb", ".textproto", ".json"}, filepath.Ext(path))
		if !stat.Mode().IsRegular() || text && stat.Size() > maxTextForCompletion {
			return nil, errNotForCompletion
		}
	}
	format, err := metafile.ParseFormat(flagValue(cmd, "input-format"))
	if err != nil {
		return nil, err
	}
	return metafile.Open(path, metafile.OpenOptions{Format: format, TagSet: tagSet, Stdin: strings.NewReader("")})
}

// tagSets returns the tag-sets that have been typed.
func tagSets(cmd *cobra.Command) []string {
	sets, _ := cmd.Flags().GetStringArray("tag-set") // it fails where the command has no such flag
	return sets
}

// flagValue returns the value of a flag as far as it has been typed, "" where the command has no such flag.
func flagValue(cmd *cobra.Command, name string) string {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

// selectable returns what diff --ignore takes, patterns left open.
func selectable() []string {
	words := diff.Selectable()
	for i, word := range words {
		words[i] = strings.TrimSuffix(word, "NAME")
	}
	return words
}

// completeTypes completes the types of the collections that TensorFlow registers.
func completeTypes(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var types []string
	registry := scope.NewRegistry()
	for _, key := range registry.Keys() {
		if t, ok := registry.Lookup(key); ok {
			types = append(types, string(t.Message.Descriptor().FullName()))
		}
	}
	slices.Sort(types)
	return fixed(slices.Compact(types)...)(cmd, args, typed)
}

// suggestInputs suggests what --input-map can map.
func suggestInputs(cmd *cobra.Command) suggester {
	return func(m *wire.MetaGraph, prefix string) []inspect.Suggestion {
		return inspect.SuggestInputs(m, flagValue(cmd, "unbound-inputs-col-name"), prefix)
	}
}

// suggestListedCollections suggests the keys that can stand in a comma-separated list.
func suggestListedCollections(m *wire.MetaGraph, prefix string) []inspect.Suggestion {
	return slices.DeleteFunc(inspect.SuggestCollections(m, prefix), func(s inspect.Suggestion) bool { return strings.Contains(s.Text, ",") })
}

// suggestCollectionPatterns suggests keys the way they are written in a list of globs, where ? stands for a comma.
func suggestCollectionPatterns(m *wire.MetaGraph, prefix string) []inspect.Suggestion {
	found := inspect.SuggestCollections(m, strings.SplitN(prefix, "?", 2)[0])
	for i := range found {
		found[i].Text = strings.ReplaceAll(found[i].Text, ",", "?")
	}
	return slices.DeleteFunc(found, func(s inspect.Suggestion) bool { return !strings.HasPrefix(s.Text, prefix) })
}
