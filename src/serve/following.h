// Waiting for answers as long as somebody waits for them.
#pragma once

#include <functional>

#include "aacft/serve/http.h"
#include "aacft/serve/scheduler.h"

namespace aacft {

// Calls event() for each event until all requests have ended, or it returns false. False, too, where the client went
// away. HttpError 504 after that many seconds.
bool follow(Answers& answers, const HttpRequest& request, double seconds,
            const std::function<bool(const Answers::Event&)>& event);

}  // namespace aacft
