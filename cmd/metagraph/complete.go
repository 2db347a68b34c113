package main

import (
	"errors"
	"os"
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

// A completer returns the completions of the word that the user is typing. On an error it returns none: a failed completion must not
// disturb the command line.
type completer = cobra.CompletionFunc

// addCompletion gives the flags and arguments of all commands below root their completers.
func addCompletion(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = completeTwoFiles
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if complete := flagCompleter(cmd, f); complete != nil {
				// The error cannot occur: the flag exists and has no completer yet.
				_ = cmd.RegisterFlagCompletionFunc(f.Name, complete)
			}
		})
	}
}

// plainUsage removes the backquotes from the usage of all flags below root. In help they mark the name of a value; cobra's completion
// would print them.
func plainUsage(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
	}
}

// flagCompleter returns the completer for the values of a flag, chosen by the name of the flag. It returns nil for flags that take a
// file. A flag name has the same meaning in all commands.
func flagCompleter(cmd *cobra.Command, f *pflag.Flag) completer {
	switch f.Name {
	case "descriptor-set", "into", "checkpoint", "assets-from":
		return nil
	case "input-format", "output-format":
		return fixed(metafile.FormatNames()...)
	case "format":
		return fixed(formatNames(formatsOf(cmd))...)
	case "report":
		return fixed("text", "json")
	case "color":
		return fixed("auto", "always", "never")
	case "ignore":
		return list(fixed(selectable(diff.Ignorable())...))
	case "only":
		return list(fixed(selectable(diff.Selectable())...))
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
	case "inputs", "outputs":
		return list(fromInput(inspect.SuggestNodes))
	case "set-shape", "set-value":
		return pair(fromInput(inspect.SuggestNodes), cobra.NoFileCompletions)
	case "signature":
		return fromInput(inspect.SuggestSignatures)
	case "drop-attr":
		return list(fromInput(inspect.SuggestAttrs))
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

// fixed returns a completer for a fixed list of words.
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

// list returns a completer for the last element of a comma-separated list.
func list(element completer) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return completeAfter(typed, strings.LastIndexByte(typed, ',')+1, element, cmd, args)
	}
}

// pair returns a completer for both sides of KEY=VALUE.
func pair(key, value completer) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if equals := strings.IndexByte(typed, '='); equals >= 0 {
			return completeAfter(typed, equals+1, value, cmd, args)
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

// completeAfter completes the typed word from position at on, and keeps the text before it.
func completeAfter(typed string, at int, complete completer, cmd *cobra.Command, args []string) ([]cobra.Completion, cobra.ShellCompDirective) {
	out, end := complete(cmd, args, typed[at:])
	for i := range out {
		out[i] = typed[:at] + out[i]
	}
	return out, end
}

// endOf returns what the shell does after inserting a completion. It adds no space if the user has more to type, such as a name in a
// scope or the value of a key.
func endOf(completions []cobra.Completion) cobra.ShellCompDirective {
	for _, completion := range completions {
		text, _, _ := strings.Cut(completion, "\t")
		if strings.HasSuffix(text, "/") || strings.HasSuffix(text, "=") || strings.HasSuffix(text, ":") {
			return cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
	}
	return cobra.ShellCompDirectiveNoFileComp
}

// A suggester finds the names in a MetaGraphDef that begin with a prefix.
type suggester = func(m *wire.MetaGraph, prefix string) []inspect.Suggestion

// fromInput returns a completer that suggests names from the command's first file.
func fromInput(suggest suggester) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return suggestFrom(cmd, firstFile(cmd, args), typed, suggest)
	}
}

// fromBase returns a completer that suggests names from the file of --into.
func fromBase(suggest suggester) completer {
	return func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return suggestFrom(cmd, flagValue(cmd, "into"), typed, suggest)
	}
}

// suggestFrom completes a word with names from the file at path.
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
	// The second --tag-set of diff is for B.
	of := 0
	if cmd.Name() == "diff" {
		of = min(len(tagSets(cmd)), 1)
	}
	path := argument(args, of)
	if cmd.Name() == "show" {
		path = firstFile(cmd, args)
	}
	file, err := openForCompletion(cmd, path, "")
	if choice, ok := errors.AsType[*metafile.Error](err); ok {
		sets = choice.TagSets
	} else if err == nil {
		sets = file.TagSets
		_ = file.Close() // read only
	}
	return fixed(sets...)(cmd, args, typed)
}

// completeNames completes --name. For show, the names depend on the sections typed so far.
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

// firstFile returns the first argument that is a file, or "". For show, that is the first argument that is not a section.
func firstFile(cmd *cobra.Command, args []string) string {
	for _, arg := range args {
		if cmd.Name() != "show" || !slices.Contains(sectionNames(0), arg) {
			return arg
		}
	}
	return ""
}

// namesOf returns the suggester for the names in a section, or nil if the section lists nodes.
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

// maxTextForCompletion is the size of the largest text or JSON file that is read for completion. It takes about 0.1 s.
const maxTextForCompletion = 4 << 20

// errNotForCompletion is returned for files that take too long to read while the user waits for a completion.
var errNotForCompletion = errors.New("too slow to read for completion")

// openForCompletion opens an input. It refuses standard input, pipes and large text files: reading them takes long or consumes them.
func openForCompletion(cmd *cobra.Command, path, tagSet string) (*metafile.File, error) {
	if stdinArgument(path) {
		return nil, errNotForCompletion
	}
	if stat, err := os.Stat(path); err == nil && !stat.IsDir() {
		text := metafile.FormatOf(path) != metafile.Binary
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

// tagSets returns the tag-sets typed so far.
func tagSets(cmd *cobra.Command) []string {
	sets, _ := cmd.Flags().GetStringArray("tag-set") // it fails if the command has no such flag
	return sets
}

// flagValue returns the value typed so far for a flag, or "" if the command has no such flag.
func flagValue(cmd *cobra.Command, name string) string {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

// selectable returns the values of diff --ignore. In attr:NAME, NAME is left out.
func selectable(words []string) []string {
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

// suggestListedCollections suggests the collections whose keys can be written in a comma-separated list.
func suggestListedCollections(m *wire.MetaGraph, prefix string) []inspect.Suggestion {
	return slices.DeleteFunc(inspect.SuggestCollections(m, prefix), func(s inspect.Suggestion) bool { return strings.Contains(s.Text, ",") })
}

// suggestCollectionPatterns suggests collection keys as globs for a comma-separated list: ? replaces a comma.
func suggestCollectionPatterns(m *wire.MetaGraph, prefix string) []inspect.Suggestion {
	found := inspect.SuggestCollections(m, strings.SplitN(prefix, "?", 2)[0])
	for i := range found {
		found[i].Text = strings.ReplaceAll(found[i].Text, ",", "?")
	}
	return slices.DeleteFunc(found, func(s inspect.Suggestion) bool { return !strings.HasPrefix(s.Text, prefix) })
}
