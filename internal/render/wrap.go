package render

import (
	"slices"
	"strings"
)

const (
	// wrapLines is the largest number of lines of one text. Text from a file can have any length.
	wrapLines = 16
	// longestWord is the width at which wrap shortens a word. A shorter word may be a name to be copied.
	longestWord = 400
)

// wrap breaks text into lines of at most width columns, as WrapWords does, and indents all but the first. It shortens words of more than
// longestWord columns, and cuts the text after wrapLines lines.
func wrap(text string, width int) []string {
	var lines []string
	indent := ""
	for {
		line, rest := firstLine(text, width-len(indent))
		if rest != "" && len(lines) == wrapLines-1 {
			return append(lines, indent+shorten(text, width-len(indent), true))
		}
		lines = append(lines, indent+shorten(line, max(longestWord, width-len(indent)), false))
		if rest == "" {
			return lines
		}
		if text = rest; width-len(gap)-displayWidth(ellipsis) > 1 {
			indent = gap
		}
	}
}

// WrapWords breaks text at spaces into lines of at most width columns. It keeps a number and its unit together, and a shape. A longer word
// stays whole: it may be a name or a command to be copied.
func WrapWords(text string, width int) []string {
	var lines []string
	for {
		line, rest := firstLine(text, width)
		lines = append(lines, line)
		if rest == "" {
			return lines
		}
		text = rest
	}
}

// firstLine splits text at the last space that leaves at most width columns before it. It returns "" as the rest of a text that fits.
func firstLine(text string, width int) (line, rest string) {
	fits := head(text, width)
	if len(fits) == len(text) {
		return text, ""
	}
	end := lastBreak(text, len(fits))
	if end < 0 {
		end = len(text)
		if next := strings.IndexByte(text[len(fits):], ' '); next >= 0 {
			end = len(fits) + next
		}
	}
	return strings.TrimRight(text[:end], " "), strings.TrimLeft(text[end:], " ")
}

// lastBreak returns the last space of text at or before end that has a word before it, or -1. If there is one that separates neither a
// number from its unit nor the sizes of a shape, it returns the last of these.
func lastBreak(text string, end int) int {
	first := -1
	for at := end; ; at-- {
		if at = strings.LastIndexByte(text[:at+1], ' '); at < 0 || strings.TrimLeft(text[:at], " ") == "" {
			return first
		}
		if first < 0 {
			first = at
		}
		if !belongTogether(text[:at], text[at+1:]) {
			return at
		}
	}
}

// units are the words that stay on the line of the number before them.
var units = []string{"B", "kB", "MB", "GB", "TB", "PB", "EB", "%"}

// belongTogether reports whether before and after are parts of one quantity ("1.29 kB") or of one shape ("(?, 299)").
func belongTogether(before, after string) bool {
	last := before[strings.LastIndexByte(before, ' ')+1:]
	next, _, _ := strings.Cut(after, " ")
	if size, ok := strings.CutSuffix(strings.TrimLeft(last, "(["), ","); ok {
		return strings.Trim(size, "?0123456789") == "" && strings.Trim(next, "?0123456789,)];") == ""
	}
	return strings.Trim(last, "([0123456789.") == "" && slices.Contains(units, strings.TrimRight(next, ",;:)]"))
}
