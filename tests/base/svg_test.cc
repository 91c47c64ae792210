#include "aacft/base/svg.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace aacft::testing {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

Chart chart_of(std::vector<ChartPoint> points) {
  Chart chart;
  chart.id = "loss";
  chart.title = "Loss";
  chart.unit = "nats";
  chart.x_name = "step";
  chart.series.push_back({"training", std::move(points), 1, false, false, {}});
  return chart;
}

std::vector<ChartPoint> steps(std::size_t n, double (*y)(double)) {
  std::vector<ChartPoint> points;
  for (std::size_t i = 1; i <= n; ++i) points.push_back({static_cast<double>(i), y(static_cast<double>(i))});
  return points;
}

// The y coordinates of the first line drawn.
std::vector<double> heights(const std::string& svg) {
  const std::size_t at = svg.find("points=\"") + 8;
  const std::string points = svg.substr(at, svg.find('"', at) - at);
  std::vector<double> values;
  for (std::size_t comma = points.find(','); comma != points.npos; comma = points.find(',', comma + 1))
    values.push_back(std::stod(points.substr(comma + 1)));
  return values;
}

void expect_near(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], 1e-9 * std::fabs(expected[i]) + 1e-15);
}

TEST(Ticks, AreOneTwoOrFive) {
  expect_near(nice_ticks(0, 10, 6), {0, 2, 4, 6, 8, 10});
  expect_near(nice_ticks(0.93, 4.6, 6), {1, 2, 3, 4});
  expect_near(nice_ticks(-0.3, 0.3, 4), {-0.2, 0, 0.2});
  expect_near(nice_ticks(0, 2.1e-4, 6), {0, 5e-5, 1e-4, 1.5e-4, 2e-4});
  expect_near(nice_ticks(0, 3, 8, true), {0, 1, 2, 3});
  expect_near(nice_ticks(0, 3, 8), {0, 0.5, 1, 1.5, 2, 2.5, 3});
}

TEST(Ticks, StayInsideAndFewWhateverTheRange) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> exponent(-12, 12), share(0, 1);
  for (int i = 0; i < 2000; ++i) {
    const double low = (share(random) - 0.5) * std::pow(10, exponent(random)),
                 high = low + std::pow(10, exponent(random));
    if (high - low < 1e-9 * std::fabs(low)) continue;
    const auto ticks = nice_ticks(low, high, 6);
    ASSERT_GE(ticks.size(), 2u) << low << " " << high;  // one third of them at the worst
    ASSERT_LE(ticks.size(), 6u);
    const double slack = 1e-6 * (high - low) + 1e-9 * std::fabs(low);
    ASSERT_GE(ticks.front(), low - slack);
    ASSERT_LE(ticks.back(), high + slack);
    const double step = ticks[1] - ticks[0];
    const double digit = step / std::pow(10, std::floor(std::log10(step) + 1e-6));
    ASSERT_TRUE(std::fabs(digit - 1) < 1e-3 || std::fabs(digit - 2) < 1e-3 || std::fabs(digit - 5) < 1e-3) << step;
  }
}

TEST(Ticks, OfALogarithmicAxis) {
  expect_near(log_ticks(0.9, 30, 7), {1, 2, 5, 10, 20});
  expect_near(log_ticks(0.009, 1500, 7), {0.01, 0.1, 1, 10, 100, 1000});
  EXPECT_LE(log_ticks(1e-30, 1e30, 7).size(), 7u);
  EXPECT_GE(log_ticks(1e-30, 1e30, 7).size(), 3u);
}

TEST(Thinned, KeepsEverySpikeAndBothEnds) {
  std::vector<ChartPoint> points = steps(100'000, [](double x) { return std::sin(x / 1000); });
  points[33'333].y = 50, points[33'334].y = -50, points[77'777].y = 40;
  const auto kept = thinned(points, 500);
  EXPECT_LE(kept.size(), 500u);
  EXPECT_GE(kept.size(), 400u);
  EXPECT_EQ(kept.front(), points.front());
  EXPECT_EQ(kept.back(), points.back());
  for (const std::size_t spike : {33'333u, 33'334u, 77'777u})
    EXPECT_NE(std::find(kept.begin(), kept.end(), points[spike]), kept.end());
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.x < b.x; }));
  EXPECT_EQ(thinned(kept, 500), kept);
}

TEST(MovingAverage, IsTheMeanOfNeighboursOnEitherSide) {
  const std::vector<ChartPoint> points = {{1, 1}, {2, 5}, {3, 0}, {4, 2}, {5, 8}};
  const auto means = moving_average(points, 2);
  expect_near({means[0].y, means[1].y, means[2].y, means[3].y, means[4].y}, {1, 2, 3.2, 10.0 / 3, 8});
  for (std::size_t i = 0; i < points.size(); ++i) EXPECT_EQ(means[i].x, points[i].x);
  const auto line = steps(50, [](double x) { return 3 * x - 7; });
  for (const ChartPoint& mean : moving_average(line, 8))
    EXPECT_NEAR(mean.y, 3 * mean.x - 7, 1e-9);  // nothing is shifted
}

TEST(LineChart, PutsValuesWhereTheyBelong) {
  // Three equally spaced values lie at equal distances, higher ones higher.
  const auto y = heights(line_chart(chart_of({{1, 10}, {2, 20}, {3, 30}})));
  ASSERT_EQ(y.size(), 3u);
  EXPECT_GT(y[0], y[1]);
  EXPECT_NEAR(y[0] - y[1], y[1] - y[2], 0.11);
  // Over more than a factor of twenty, equal ratios do.
  const auto log = heights(line_chart(chart_of({{1, 1}, {2, 10}, {3, 100}})));
  EXPECT_NEAR(log[0] - log[1], log[1] - log[2], 0.11);
  // From zero, twice the value is twice as high.
  Chart from_zero = chart_of({{1, 0}, {2, 100}, {3, 200}});
  from_zero.scale = ChartScale::kFromZero;
  const auto zero = heights(line_chart(from_zero));
  EXPECT_NEAR(zero[0] - zero[1], zero[1] - zero[2], 0.11);
}

TEST(LineChart, SaysInWordsWhatItShows) {
  const std::string svg = line_chart(chart_of({{1, 4}, {2, 2.5}, {3, 3}}));
  for (const char* part : {"role=\"img\"", "aria-labelledby=\"loss-title loss-desc\"",
                           "<title id=\"loss-title\">Loss</title>", "viewBox=\"0 0 ",
                           "Loss (nats) by step. training: from 4.000 at step 1 to 3.000 at step 3; lowest 2.500 at "
                           "step 2, highest 4.000 at step 1."})
    EXPECT_NE(svg.find(part), svg.npos) << part << "\n" << svg;
}

TEST(LineChart, EscapesWhatItIsGiven) {
  Chart chart = chart_of({{1, 1}, {2, 2}});
  chart.title = "<b>\"&";
  chart.series.push_back({"<script>", {{1, 1}}, 2, false, true, 0});
  chart.x_name = "x<y";
  const std::string svg = line_chart(chart);
  for (const char* bad : {"<b>", "<script", "x<y"}) EXPECT_EQ(svg.find(bad), svg.npos) << bad;
}

TEST(LineChart, LeavesOutWhatIsNotFinite) {
  Chart chart = chart_of({{1, 4}, {2, kNan}, {3, kInfinity}, {4, 1e300}, {kNan, 1}, {5, 3}});
  chart.marks = {2, 3, 4};
  chart.mark_name = "skipped";
  const std::string svg = line_chart(chart);
  EXPECT_EQ(heights(svg).size(), 2u);
  EXPECT_EQ(count(svg, "class=\"cross\""), 4u);  // one of them in the legend
  EXPECT_NE(svg.find("skipped: 3."), svg.npos);
  for (const char* bad : {"nan", "inf"}) EXPECT_EQ(svg.find(bad), svg.npos) << svg;
  EXPECT_NE(line_chart(chart_of({{1, kNan}})).find("no values yet"), std::string::npos);
  EXPECT_NE(line_chart(chart_of({})).find("no values yet"), std::string::npos);
}

TEST(LineChart, DrawsOnePointAndEqualValues) {
  EXPECT_EQ(count(line_chart(chart_of({{1, 5}})), "<circle"), 1u);
  for (const double y : {0.0, 5.0, -3.0, 1e-300, 1e29}) {
    const auto equal = heights(line_chart(chart_of({{1, y}, {2, y}})));
    ASSERT_EQ(equal.size(), 2u);
    EXPECT_EQ(equal[0], equal[1]);
    EXPECT_GT(equal[0], 20) << y;
    EXPECT_LT(equal[0], 220) << y;
  }
}

TEST(LineChart, MarksTheBestAndSmoothsLongCurvesAlone) {
  Chart chart = chart_of(steps(9, [](double x) { return x; }));
  chart.series[0].smooth = true;
  EXPECT_EQ(count(line_chart(chart), "<polyline"), 1u);
  chart.series[0].points = steps(100, [](double x) { return x; });
  chart.series[0].best = 41;
  const std::string svg = line_chart(chart);
  EXPECT_EQ(count(svg, "<polyline"), 2u);
  EXPECT_EQ(count(svg, "class=\"ring\""), 1u);
  EXPECT_NE(svg.find("best 42"), svg.npos);
  chart.series[0].best = 1000;  // no such point
  EXPECT_EQ(count(line_chart(chart), "class=\"ring\""), 0u);
}

TEST(LineChart, StaysSmallForLongRuns) {
  Chart chart = chart_of(steps(200'000, [](double x) { return 2 + std::cos(x); }));
  chart.series[0].smooth = true;
  for (int i = 0; i < 100'000; ++i) chart.marks.push_back(i);
  EXPECT_LT(line_chart(chart).size(), 40'000u);
}

}  // namespace
}  // namespace aacft::testing
