package inspect

import (
	"time"
)

// producerDates are the days on which the versions of GraphDef came in, by version, until they began to count days
// (tensorflow/core/public/version.h, where that of version 22 bears the wrong year and that of 23 no date).
var producerDates = [...]string{
	1: "2015-12-02", 2: "2015-12-11", 3: "2015-12-30", 4: "2016-01-07", 5: "2016-01-07", 6: "2016-01-27", 7: "2016-02-05",
	8: "2016-02-05", 9: "2016-02-16", 10: "2016-06-10", 11: "2016-08-03", 12: "2016-08-22", 13: "2016-09-09", 14: "2016-09-10",
	15: "2016-09-14", 16: "2016-11-10", 17: "2016-11-11", 18: "2016-11-30", 19: "2016-12-08", 20: "2016-12-12", 21: "2017-01-11",
	22: "2017-04-10", 23: "2017-04-10", 24: "2017-05-30", 25: "2017-06-15", 26: "2017-12-07", 27: "2018-01-23", 28: "2018-08-21",
	29: "2019-03-25",
}

// maxProducer bounds what is taken for a count of days: versions up to the year 2100 or so.
const maxProducer = 30000

// producerDate returns the day, as in 2016-09-14, on which the version of GraphDef came in that a graph was produced with: the TensorFlow
// that made it is of about that time. It is empty where the version says nothing.
func producerDate(producer int32) string {
	switch {
	case producer <= 0 || producer > maxProducer:
		return ""
	case int(producer) < len(producerDates):
		return producerDates[producer]
	}
	// Version 30 was that of May 9, 2019, and each day since has added one.
	return time.Date(2019, time.May, 9+int(producer)-30, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}
