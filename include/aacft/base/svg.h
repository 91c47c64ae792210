// Line charts as SVG, to stand in a page with the shared stylesheet (aacft/base/html.h): no script, as wide as there is
// room, labels that a phone shows legibly, a title and a description for screen readers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

struct ChartPoint {
  double x = 0, y = 0;
  bool operator==(const ChartPoint&) const = default;
};

struct ChartSeries {
  std::string name;                 // in the legend, where there are several
  std::vector<ChartPoint> points;   // x ascending; those that are not finite, or beyond 1e30, are left out
  int colour = 1;                   // 1 to 6: of the stylesheet's series
  bool smooth = false;              // the points faint, with their moving average before them
  bool dots = false;                // a dot with its values at every point
  std::optional<std::size_t> best;  // a point to point out
};

enum class ChartScale {
  kFromZero,
  kFit,  // logarithmic where all values are positive and the largest is 20 times the smallest or more
};

struct Chart {
  std::string id;           // of the element; unique in its page; letters, digits and dashes
  std::string title, unit;  // "Loss", "nats a token"
  std::string x_name;       // "step": whole numbers
  ChartScale scale = ChartScale::kFit;
  std::vector<ChartSeries> series;
  std::vector<double> marks;  // x of crosses at the upper edge
  std::string mark_name;
};

// An <svg> element.
std::string line_chart(const Chart& chart);

// What it needs beside the shared stylesheet.
extern const std::string_view kChartStyle;

// Multiples of 1, 2 or 5 times a power of ten from low to high, both included, at most `most` (2 or more) of them.
// low < high, both finite. `whole`: whole numbers only.
std::vector<double> nice_ticks(double low, double high, std::size_t most, bool whole = false);
// The same for a logarithmic axis: 1, 2 and 5 of every decade, or 1 alone, or every n-th of these. 0 < low < high.
std::vector<double> log_ticks(double low, double high, std::size_t most);

// Of many points, the lowest and highest of each stretch, in order, with the first and the last: at most `most` (4 or
// more) of them, and no spike is lost.
std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, std::size_t most);

// The mean of each y with as many neighbours on either side, `reach` of them where there are: nothing is shifted.
std::vector<ChartPoint> moving_average(const std::vector<ChartPoint>& points, std::size_t reach);

}  // namespace aacft
