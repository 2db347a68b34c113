package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/inspect/variables"
	"github.com/metagraph/metagraph/internal/tensor"
)

// The lengths of the lists in the summary, so that the summary fits a screen.
const (
	summaryInputs      = 4
	summaryOutputs     = 3
	summaryProblems    = 3
	summarySignatures  = 2
	summaryDevices     = 2  // full lines
	summaryCollections = 3  // full lines
	summaryLine        = 86 // characters of a full line
	summaryWhat        = 13 // columns before an answer
)

// Summary returns the section summary, a list of keys and values. It looks the same on a terminal and in a pipe, except that lines wrap on
// a narrow terminal. width is the number of columns of the terminal, or 0 for none.
func Summary(s *inspect.Summary, width int) View {
	l := &answers{line: summaryLine}
	if width > 0 {
		l.line = max(narrowest, min(summaryLine, width-summaryWhat))
	}
	l.say("file", fileText(s))
	l.say("made by", originText(s.TensorFlow))
	l.say("size", sizeText(s))
	l.addLines("graph", graphTexts(s.Graph, l.line))
	l.say("variables", variablesText(s))
	l.addLines("devices", deviceTexts(s.Devices, l.line))
	l.addLines("collections", collectionTexts(s.Collections, l.line))
	l.addLines("signatures", signatureTexts(s.Signatures))
	l.say("saver", saverText(s))
	if s.Checkpoint != nil {
		l.say("checkpoint", checkpointText(s.Checkpoint))
	}
	if s.Assets > 0 {
		l.say("assets", assetsText(s.Assets-s.AssetsOutside, s.AssetsOutside))
	}
	if len(s.Methods) > 0 {
		l.addLines("methods", methodTexts(s.Methods))
	} else {
		l.addLines("in", inputTexts(s.Inputs, l.line))
		l.addLines("out", outputTexts(s.Outputs, l.line))
	}
	l.addLines("problems", problemTexts(s.Problems))
	return View{
		Tables:         []grid{{columns: factColumns(), rows: l.rows, noHead: true}},
		fields:         []member{{"summary", s}},
		sameEverywhere: true,
	}
}

// answers holds the lines of the summary.
type answers struct {
	rows [][]string
	line int // characters of a line that is filled with a list
}

func (l *answers) say(what, answer string) { l.rows = append(l.rows, []string{what, answer}) }

// addLines adds an answer of several lines.
func (l *answers) addLines(what string, lines []string) {
	for _, line := range lines {
		l.say(what, line)
		what = ""
	}
}

// fileText describes the file.
func fileText(s *inspect.Summary) string {
	f := s.File
	text := fmt.Sprintf("%s: %s, %s, %s", Text(f.Name), f.Kind, f.Format, bytesText(f.Bytes))
	if f.Kind == "SavedModel" {
		text += fmt.Sprintf("; tags %s", Text(f.Tags))
		if len(f.TagSets) > 1 {
			text += fmt.Sprintf(", one of %d MetaGraphs: %s", len(f.TagSets), strings.Join(texts(f.TagSets), " | "))
		}
	}
	return text
}

// originText returns the TensorFlow version that made the graph.
func originText(o inspect.Origin) string {
	version := "unknown TensorFlow version"
	switch {
	case o.Version != "":
		version = "TensorFlow " + Text(o.Version)
	case o.ProducerDate != "":
		version = fmt.Sprintf("TensorFlow of about %s (no version recorded)", o.ProducerDate[:len("2016-09")])
	}
	switch o.GitVersion {
	case "", "unknown", "b'unknown'", o.Version: // written by builds outside a git checkout
	default:
		version += " (" + Text(o.GitVersion) + ")"
	}
	version += fmt.Sprintf(", producer %d, min consumer %d", o.Producer, o.MinConsumer)
	if len(o.BadConsumers) > 0 {
		version += fmt.Sprintf(", not for consumers %v", o.BadConsumers)
	}
	if o.StrippedDefaultAttrs {
		version += ", default attrs stripped"
	}
	return version
}

// sizeText returns the largest parts of the message with their sizes.
func sizeText(s *inspect.Summary) string {
	total := int64(0)
	for _, p := range s.Parts {
		total += p.Bytes
	}
	var parts []string
	for _, p := range s.Parts {
		if p.Bytes*100 < total {
			continue
		}
		text := fmt.Sprintf("%s %s", p.Field, bytesText(p.Bytes))
		if p.Field == "graph_def" && s.Graph.Constants > 0 {
			text += fmt.Sprintf(" (%s in Const nodes)", bytesText(s.Graph.ConstantBytes))
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "empty"
	}
	return strings.Join(parts, ", ")
}

// graphTexts returns the numbers of nodes, ops and functions, and the most frequent ops.
func graphTexts(g inspect.GraphCounts, width int) []string {
	text := fmt.Sprintf("%s of %s", Count(g.Nodes, "node"), Count(g.Ops, "op"))
	if g.Functions > 0 {
		text = fmt.Sprintf("%s, %s of %s, %s", Count(g.Nodes, "node"), Count(g.Functions, "function"), Count(g.FunctionNodes, "node"), Count(g.Ops, "op"))
	}
	line := ""
	for _, op := range g.TopOps {
		next := fmt.Sprintf("%s %s", Text(op.Op), numberText(op.Nodes))
		if len(line)+len(next)+len(", ")+len(", "+ellipsis) > width {
			break
		}
		if line != "" {
			line += ", "
		}
		line += next
	}
	switch {
	case line == "":
		return []string{text}
	case strings.Count(line, ", ")+1 < g.Ops:
		line += ", " + ellipsis
	}
	return []string{text, line}
}

// fill joins parts with commas into a limited number of lines of the given width. It adds the number of parts that do not fit.
func fill(parts []string, most, width int) []string {
	most = (most*summaryLine + width - 1) / width
	var lines []string
	line := ""
	for i, part := range parts {
		more := fmt.Sprintf(", and %d more", len(parts)-i)
		room := width - len(",")
		if len(lines) == most-1 && i < len(parts)-1 {
			room -= len(more)
		}
		if line != "" && len(line)+len(", ")+len(part) > room {
			if len(lines) == most-1 {
				return append(lines, line+more)
			}
			lines, line = append(lines, line+","), ""
		}
		if line != "" {
			line += ", "
		}
		line += part
	}
	return append(lines, line)
}

func variablesText(s *inspect.Summary) string {
	if s.Variables.Variables == 0 {
		return "none"
	}
	text := fmt.Sprintf("%s, %s", Count(s.Variables.Variables, "variable"), totalsText(s.Variables))
	switch s.Trainable.Variables {
	case 0:
		text += "; none trainable"
	case s.Variables.Variables:
		text += "; all trainable"
	default:
		text += fmt.Sprintf("; %s trainable, %s", numberText(s.Trainable.Variables), totalsText(s.Trainable))
	}
	return text
}

// totalsText returns the totals of variables.
func totalsText(t variables.Totals) string {
	text := fmt.Sprintf("%s, %s", Count(int(t.Parameters), "parameter"), bytesText(t.Bytes))
	if t.Unknown > 0 {
		text += fmt.Sprintf(" and %s of unknown size", numberText(t.Unknown))
	}
	return text
}

func deviceTexts(l inspect.DeviceList, width int) []string {
	if len(l.Devices) == 0 {
		return []string{"none"}
	}
	parts := formsOf(l.Devices, func(d *inspect.Device) string {
		return fmt.Sprintf("%s (%s)", Text(d.Device), numberText(d.Nodes+d.FunctionNodes))
	})
	lines := fill(parts, summaryDevices, width)
	if none := l.Unplaced.Nodes + l.Unplaced.FunctionNodes; none > 0 {
		lines[len(lines)-1] += fmt.Sprintf(", %s unplaced", numberText(none))
	}
	return lines
}

func collectionTexts(collections []inspect.CollectionCount, width int) []string {
	if len(collections) == 0 {
		return []string{"none"}
	}
	parts := formsOf(collections, func(c *inspect.CollectionCount) string {
		return fmt.Sprintf("%s (%s)", Text(c.Key), numberText(c.Count))
	})
	return fill(parts, summaryCollections, width)
}

func signatureTexts(signatures []inspect.Signature) []string {
	if len(signatures) == 0 {
		return []string{"none"}
	}
	// What serves comes first, what TensorFlow runs for itself (__saved_model_init_op) last.
	signatures = slices.Clone(signatures)
	slices.SortStableFunc(signatures, func(a, b inspect.Signature) int { return signatureRank(a.Key) - signatureRank(b.Key) })
	var lines []string
	for i, s := range signatures {
		if i == summarySignatures && len(signatures) > i+1 {
			keys := formsOf(signatures[i:], func(more *inspect.Signature) string { return Text(more.Key) })
			return append(lines, "also "+strings.Join(atMost(keys, 8), ", "))
		}
		lines = append(lines, fmt.Sprintf("%s: %s -> %s", Text(s.Key), signatureKeys(s.Inputs), signatureKeys(s.Outputs)))
	}
	return lines
}

func signatureRank(key string) int {
	switch {
	case key == "serving_default":
		return 0
	case strings.HasPrefix(key, "__"):
		return 2
	}
	return 1
}

func signatureKeys(tensors []inspect.SignatureTensor) string {
	if len(tensors) == 0 {
		return "nothing"
	}
	parts := formsOf(tensors, func(t *inspect.SignatureTensor) string { return tensorText(t.Key, t.DType, t.Shape) })
	return strings.Join(atMost(parts, 4), ", ")
}

func saverText(s *inspect.Summary) string {
	var parts []string
	if s.Saver != nil {
		parts = append(parts, "format "+s.Saver.Version, "restores with "+Text(s.Saver.RestoreOp))
		if s.Saver.Sharded {
			parts = append(parts, "sharded")
		}
		if s.Saver.MaxToKeep > 0 {
			parts = append(parts, "keeps "+strconv.Itoa(int(s.Saver.MaxToKeep)))
		}
	}
	if s.Savers > 0 {
		parts = append(parts, Count(s.Savers, "saver")+" in the collection savers")
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// checkpointText describes the checkpoint and whether it fits the graph.
func checkpointText(c *inspect.CheckpointCounts) string {
	if c.Damaged {
		return "cannot be read (run `metagraph show FILE checkpoint`)"
	}
	text := fmt.Sprintf("%s, %s, format %s", Count(c.Tensors, "tensor"), bytesText(c.Bytes), c.Version)
	switch m := c.Match; {
	case c.Files > 0:
		text += fmt.Sprintf("; %s missing or too short (run `metagraph show FILE checkpoint`)", Count(c.Files, "data file"))
	case m == nil:
	case m.Missing+m.Different == 0:
		text += "; has all tensors that the saver restores"
	default:
		text += fmt.Sprintf("; does not fit: %d missing, %d different (run `metagraph show FILE checkpoint`)", m.Missing, m.Different)
	}
	return text
}

// tensorText returns the name of a tensor with its dtype and shape, if known.
func tensorText(name, dtype string, shape tensor.Shape) string {
	text := Text(name)
	if dtype != "" {
		text += " " + dtype
	}
	if shape != nil {
		text += " " + shape.String()
	}
	return text
}

// assetsText returns the numbers of assets inside and outside of the SavedModel.
func assetsText(included, outside int) string {
	switch {
	case outside == 0:
		return Count(included, "file")
	case included == 0:
		return "none included; " + Count(outside, "path") + " outside the file"
	}
	return Count(included, "file") + "; " + Count(outside, "path") + " outside of the SavedModel"
}

// problemTexts returns the numbers of problems, and the most severe ones.
func problemTexts(found []problems.Problem) []string {
	if len(found) == 0 {
		return []string{"none found"}
	}
	counts := make(map[problems.Severity]int)
	for _, p := range found {
		counts[p.Severity]++
	}
	var parts []string
	for _, s := range []struct {
		severity problems.Severity
		noun     string
	}{{problems.SeverityError, "error"}, {problems.SeverityWarning, "warning"}, {problems.SeverityInfo, "note"}} {
		if counts[s.severity] > 0 {
			parts = append(parts, Count(counts[s.severity], s.noun))
		}
	}
	lines := []string{strings.Join(parts, ", ") + " (run `metagraph show FILE problems`)"}
	for i, p := range found {
		if i == summaryProblems || p.Severity == problems.SeverityInfo {
			break
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", p.Severity, Text(p.Place), Text(p.Message)))
	}
	return lines
}
