package problems

import (
	"github.com/metagraph/metagraph/internal/schema"
)

// maxDamage is how many damaged places are reported. One is enough for TensorFlow to refuse the file.
const maxDamage = 100

// findDamage reports what protobuf refuses to parse, anywhere in the file. A damaged node is an error wherever it is, in a
// function that nothing calls too.
func (f *problemFinder) findDamage() {
	for _, d := range schema.CheckMetaGraph(f.m, maxDamage) {
		f.found.add(damagedMessage, "", fixed(damagedPlace(d)), fixed(damageMessage(d)))
	}
}

// damagedPlace names the node or the field that is damaged.
func damagedPlace(d schema.Damage) string {
	switch {
	case d.Function != "" && d.Node != "":
		return "function " + shown(d.Function) + ", node " + shown(d.Node)
	case d.Function != "":
		return "function " + shown(d.Function)
	case d.Node != "":
		return "node " + shown(d.Node)
	case d.Path != "":
		return d.Path
	}
	return "the file"
}

// damageMessage says what is wrong, and in which field unless the place says that.
func damageMessage(d schema.Damage) string {
	if d.Path == "" || d.Path == damagedPlace(d) {
		return d.Reason
	}
	return d.Path + ": " + d.Reason
}
