#include "serve/following.h"

#include "aacft/base/system.h"

namespace aacft {

bool follow(Answers& answers, const HttpRequest& request, double seconds,
            const std::function<bool(const Answers::Event&)>& event) {
  constexpr std::chrono::milliseconds kGlance(50);  // how soon a client that went away is noticed
  const double until = wall_seconds() + seconds;
  double glance = wall_seconds();
  while (!answers.all_ended()) {
    const auto next = answers.next(kGlance);
    if (next && !event(*next)) return false;
    const double now = wall_seconds();
    if (now > until) throw HttpError(504, "the answer took too long and was stopped", "", "timeout");
    if (now < glance) continue;
    if (request.gone()) return false;
    glance = now + 0.001 * static_cast<double>(kGlance.count());
  }
  return true;
}

}  // namespace aacft
