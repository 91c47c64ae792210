#include "aacft/base/svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "aacft/base/html.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"

namespace aacft {
namespace {

constexpr double kWidth = 360, kHeight = 240, kBottom = 40, kRight = 16;
constexpr double kCharacter = 6.8;  // mean width of a label's character
constexpr double kLargest = 1e30;
constexpr std::size_t kMostPoints = 500, kLeastToSmooth = 10;
constexpr double kLogRatio = 20;

bool drawable(double value) { return std::isfinite(value) && std::fabs(value) <= kLargest; }

std::string coordinate(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

// A value as people write it: 6.509, 0.0123, 12 345, 2e-4.
std::string value_label(double value) {
  const double size = std::fabs(value);
  if (size != 0 && (size < 1e-3 || size >= 1e6)) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2e", value);
    std::string mantissa = text;
    const std::size_t e = mantissa.find('e');
    const int exponent = std::atoi(mantissa.c_str() + e + 1);
    mantissa.resize(e);
    while (mantissa.ends_with('0')) mantissa.pop_back();
    if (mantissa.ends_with('.')) mantissa.pop_back();
    return mantissa + "e" + std::to_string(exponent);
  }
  return html_number(value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.1 || size == 0 ? 3 : 4);
}

// Labels of ticks: as many decimals as tell them apart.
std::string tick_label(double value, double step, double largest) {
  if (value == 0) return "0";
  if (largest < 1e-3 || largest >= 1e6) return value_label(value);
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  return html_number(value, decimals);
}

double text_width(const std::string& text) { return kCharacter * static_cast<double>(count_code_points(text)); }

struct Axis {
  double low = 0, high = 1;
  bool log = false;
  double from = 0, to = 1;  // where they lie

  double at(double value) const {
    const double share = log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return from + share * (to - from);
  }
};

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();

  void add(double value) { low = std::min(low, value), high = std::max(high, value); }
  bool empty() const { return low > high; }
};

Axis y_axis(const Range& range, ChartScale scale) {
  Axis axis{range.low, range.high};
  if (scale == ChartScale::kFromZero) {
    axis.low = std::min(range.low, 0.0), axis.high = std::max(range.high, 0.0);
    axis.high += 0.06 * (axis.high - axis.low);
    if (axis.low == axis.high) axis.high = 1;
    return axis;
  }
  if (range.low >= 1 / kLargest && range.high / range.low >= kLogRatio) {
    axis.log = true;
    const double margin = std::pow(range.high / range.low, 0.05);
    axis.low /= margin, axis.high *= margin;
    return axis;
  }
  const double spread = range.high - range.low,
               margin = spread > 0 ? 0.06 * spread : std::max(0.05 * std::fabs(range.low), 1e-6);
  axis.low -= margin, axis.high += margin;
  return axis;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart) {
    for (const ChartSeries& series : chart.series) {
      std::vector<ChartPoint> kept;
      for (const ChartPoint& point : series.points)
        if (drawable(point.x) && drawable(point.y)) kept.push_back(point), x_range_.add(point.x), y_range_.add(point.y);
      points_.push_back(std::move(kept));
    }
    for (const double x : chart.marks)
      if (drawable(x)) x_range_.add(x);
  }

  std::string svg() {
    const std::string id = html_escaped(chart_.id);
    out_ = "<svg class=\"chart\" viewBox=\"0 0 " + std::to_string(static_cast<int>(kWidth)) + " " +
           std::to_string(static_cast<int>(kHeight)) + "\" role=\"img\" aria-labelledby=\"" + id + "-title " + id +
           "-desc\">\n<title id=\"" + id + "-title\">" + html_escaped(chart_.title) + "</title>\n<desc id=\"" + id +
           "-desc\">" + html_escaped(description()) + "</desc>\n";
    text(0, 13, chart_.title, "title");
    text(kWidth, 13, chart_.unit, "end");
    if (y_range_.empty()) {
      text(kWidth / 2, kHeight / 2, "no values yet", "middle");
    } else {
      const bool explained = chart_.series.size() > 1 || !chart_.marks.empty();
      if (explained) top_ = 46;
      axes();
      if (explained) legend();
      for (std::size_t i = 0; i < points_.size(); ++i) series(chart_.series[i], points_[i]);
      marks();
    }
    return out_ + "</svg>\n";
  }

 private:
  const Chart& chart_;
  std::vector<std::vector<ChartPoint>> points_;  // those of each series that can be drawn
  Range x_range_, y_range_;
  Axis x_, y_;
  double top_ = 26;  // of the plot
  std::string out_;

  void text(double x, double y, const std::string& what, const std::string& kind = {}) {
    if (what.empty()) return;
    out_ += "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\"" +
            (kind.empty() ? "" : " class=\"" + kind + "\"") + ">" + html_escaped(what) + "</text>\n";
  }

  void line(double x1, double y1, double x2, double y2, const std::string& kind) {
    out_ += "<path class=\"" + kind + "\" d=\"M" + coordinate(x1) + " " + coordinate(y1) + "L" + coordinate(x2) + " " +
            coordinate(y2) + "\"/>\n";
  }

  void cross(double x, double y) {
    out_ += "<path class=\"cross\" d=\"M" + coordinate(x - 3) + " " + coordinate(y - 3) + "l6 6m0 -6l-6 6\"/>\n";
  }

  std::string description() const {
    std::string said =
        chart_.title + (chart_.unit.empty() ? "" : " (" + chart_.unit + ")") + " by " + chart_.x_name + ".";
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (points_[i].empty()) continue;
      const auto [least, most] = std::minmax_element(points_[i].begin(), points_[i].end(),
                                                     [](const auto& a, const auto& b) { return a.y < b.y; });
      const auto point = [&](const ChartPoint& p) { return value_label(p.y) + " at " + value_label_of_x(p.x); };
      said += " " + chart_.series[i].name + ": from " + point(points_[i].front()) + " to " + point(points_[i].back()) +
              "; lowest " + point(*least) + ", highest " + point(*most) + ".";
    }
    if (!chart_.marks.empty()) said += " " + chart_.mark_name + ": " + std::to_string(chart_.marks.size()) + ".";
    return said;
  }

  std::string value_label_of_x(double x) const { return chart_.x_name + " " + html_number(x, 0); }

  void axes() {
    y_ = y_axis(y_range_, chart_.scale);
    y_.from = kHeight - kBottom, y_.to = top_;
    const auto y_ticks = y_.log ? log_ticks(y_.low, y_.high, 7) : nice_ticks(y_.low, y_.high, 6);
    std::vector<std::string> labels;
    double widest = 0;
    for (const double tick : y_ticks) {
      const double step = y_.log               ? tick
                          : y_ticks.size() > 1 ? y_ticks[1] - y_ticks[0]
                                               : std::max(std::fabs(tick), 1e-9);
      labels.push_back(tick_label(tick, step, std::max(std::fabs(y_.low), std::fabs(y_.high))));
      widest = std::max(widest, text_width(labels.back()));
    }
    if (x_range_.low == x_range_.high) x_range_.low -= 1, x_range_.high += 1;
    x_ = {x_range_.low, x_range_.high};
    x_.from = widest + 8, x_.to = kWidth - kRight;
    for (std::size_t i = 0; i < y_ticks.size(); ++i) {
      const double y = y_.at(y_ticks[i]);
      line(x_.from, y, x_.to, y, "grid");
      text(x_.from - 5, y + 4, labels[i], "end");
    }
    line(x_.from, y_.from, x_.to, y_.from, "axis");
    for (const double tick : nice_ticks(x_.low, x_.high, 7, true)) {
      if (tick < x_range_.low || tick > x_range_.high) continue;
      const double x = x_.at(tick);
      line(x, y_.from, x, y_.from + 4, "axis");
      const std::string label = html_number(tick, 0);
      const double half = text_width(label) / 2;
      text(std::min(x, kWidth - half - 1), y_.from + 17, label, "middle");
    }
    text((x_.from + x_.to) / 2, kHeight - 5, chart_.x_name, "middle");
  }

  void legend() {
    double x = x_.from;
    const double y = 30;
    if (chart_.series.size() > 1)
      for (std::size_t i = 0; i < points_.size(); ++i) {
        if (points_[i].empty()) continue;
        const std::string colour = std::to_string(chart_.series[i].colour);
        line(x, y - 4, x + 18, y - 4, "series-" + colour);
        if (chart_.series[i].dots) dot(x + 9, y - 4, colour, "");
        text(x + 23, y, chart_.series[i].name);
        x += 23 + text_width(chart_.series[i].name) + 12;
      }
    if (!chart_.marks.empty()) {
      cross(x + 4, y - 4);
      text(x + 13, y, chart_.mark_name);
    }
  }

  void dot(double x, double y, const std::string& colour, const std::string& hint) {
    out_ += "<circle class=\"fill-" + colour + "\" cx=\"" + coordinate(x) + "\" cy=\"" + coordinate(y) + "\" r=\"3\"" +
            (hint.empty() ? "/>\n" : "><title>" + html_escaped(hint) + "</title></circle>\n");
  }

  void polyline(const std::vector<ChartPoint>& points, const std::string& kind) {
    out_ += "<polyline class=\"" + kind + "\" points=\"";
    for (const ChartPoint& point : thinned(points, kMostPoints))
      out_ += coordinate(x_.at(point.x)) + "," + coordinate(y_.at(point.y)) + " ";
    out_.back() = '"';
    out_ += "/>\n";
  }

  void series(const ChartSeries& series, const std::vector<ChartPoint>& points) {
    if (points.empty()) return;
    const std::string colour = std::to_string(series.colour), stroke = "series-" + colour;
    const bool smooth = series.smooth && points.size() >= kLeastToSmooth;
    if (points.size() > 1) polyline(points, smooth ? stroke + " faint" : stroke);
    if (smooth) polyline(moving_average(points, std::max<std::size_t>(1, points.size() / 25)), stroke);
    if (series.dots || points.size() == 1)
      for (const ChartPoint& point : thinned(points, kMostPoints / 5))
        dot(x_.at(point.x), y_.at(point.y), colour, value_label_of_x(point.x) + ": " + value_label(point.y));
    if (series.best && *series.best < series.points.size()) best(series.points[*series.best]);
  }

  // Its label stands where there is room: on the side with more of it, above the point unless that is near the upper
  // edge.
  void best(const ChartPoint& point) {
    if (!drawable(point.x) || !drawable(point.y)) return;
    const double x = x_.at(point.x), y = y_.at(point.y);
    out_ += "<circle class=\"ring\" cx=\"" + coordinate(x) + "\" cy=\"" + coordinate(y) + "\" r=\"6\"/>\n";
    const bool right = x > (x_.from + x_.to) / 2;
    text(x + (right ? 4 : -4), y - top_ > 30 ? y - 11 : y + 20, "best " + value_label(point.y),
         right ? "strong end" : "strong");
  }

  void marks() {
    double last = -kWidth;
    for (const double mark : chart_.marks) {
      if (!drawable(mark)) continue;
      const double x = x_.at(mark);
      if (x - last < 2) continue;  // it would cover the last one
      cross(x, top_);
      last = x;
    }
  }
};

}  // namespace

const std::string_view kChartStyle = R"(
svg.chart { width: 100%; font-family: inherit; }
svg.chart .title { fill: var(--ink); font-size: 13.5px; font-weight: 600; }
svg.chart .strong { fill: var(--ink); stroke: var(--card); stroke-width: 3px; paint-order: stroke; }
svg.chart .end { text-anchor: end; } svg.chart .middle { text-anchor: middle; }
svg.chart .faint { stroke-width: 1; opacity: .4; }
svg.chart .ring { fill: none; stroke: var(--ink); stroke-width: 1.5; }
svg.chart .cross { fill: none; stroke: var(--bad); stroke-width: 1.5; }
)";

std::string line_chart(const Chart& chart) { return Drawing(chart).svg(); }

std::vector<double> nice_ticks(double low, double high, std::size_t most, bool whole) {
  const double rough = (high - low) / static_cast<double>(std::max<std::size_t>(most, 2));
  double step = std::pow(10, std::floor(std::log10(rough)));
  if (whole) step = std::max(step, 1.0);
  const auto count = [&](double s) { return std::floor(high / s + 1e-9) - std::ceil(low / s - 1e-9) + 1; };
  for (const double factor : {2.0, 2.5, 2.0, 2.0, 2.5, 2.0}) {  // 1, 2, 5, 10, 20, 50, 100
    if (count(step) <= static_cast<double>(most)) break;
    step *= factor;
  }
  std::vector<double> ticks;
  for (double i = std::ceil(low / step - 1e-9); i <= high / step + 1e-9 && ticks.size() < most; ++i)
    ticks.push_back(i * step);
  return ticks;
}

std::vector<double> log_ticks(double low, double high, std::size_t most) {
  const int first = static_cast<int>(std::floor(std::log10(low))), last = static_cast<int>(std::ceil(std::log10(high)));
  const auto collect = [&](std::initializer_list<double> digits, int every) {
    std::vector<double> ticks;
    for (int decade = first; decade <= last; ++decade) {
      if (decade % every != 0) continue;
      for (const double digit : digits) {
        const double tick = digit * std::pow(10, decade);
        if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
      }
    }
    return ticks;
  };
  if (auto ticks = collect({1, 2, 5}, 1); ticks.size() <= most) return ticks;
  for (int every = 1;; ++every)
    if (auto ticks = collect({1}, every); ticks.size() <= most) return ticks;
}

std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, std::size_t most) {
  if (points.size() <= most) return points;
  const std::size_t stretches = (most - 2) / 2, inner = points.size() - 2;
  std::vector<ChartPoint> kept = {points.front()};
  for (std::size_t s = 0; s < stretches; ++s) {
    const auto begin = points.begin() + 1 + static_cast<std::ptrdiff_t>(s * inner / stretches),
               end = points.begin() + 1 + static_cast<std::ptrdiff_t>((s + 1) * inner / stretches);
    const auto [lowest, highest] =
        std::minmax_element(begin, end, [](const ChartPoint& a, const ChartPoint& b) { return a.y < b.y; });
    kept.push_back(*std::min(lowest, highest));
    if (lowest != highest) kept.push_back(*std::max(lowest, highest));
  }
  kept.push_back(points.back());
  return kept;
}

std::vector<ChartPoint> moving_average(const std::vector<ChartPoint>& points, std::size_t reach) {
  std::vector<double> sums = {0};
  for (const ChartPoint& point : points) sums.push_back(sums.back() + point.y);
  std::vector<ChartPoint> averages;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::size_t side = std::min({reach, i, points.size() - 1 - i});
    averages.push_back({points[i].x, (sums[i + side + 1] - sums[i - side]) / static_cast<double>(2 * side + 1)});
  }
  return averages;
}

}  // namespace aacft
