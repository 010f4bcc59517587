"""Tags of every shape for the tiny project, and tags about more than persons."""

SHAPES = """
defaults: {object: person, owner: tests, status: online, from: trips}
tags:
  tier: {title: 等级, pick: level, values: {gold: 金, plain: 普通}, override: until_source_changes}
  care: {title: 关怀, given: human, values: {a: 重点, b: 普通}}
  weekly: {title: 周车费, measure: sum(fare), every: week, absent: 0}
  newest: {title: 最近, measure: sum(fare), over: [last 2]}
  by_line: {title: 按线, measure: sum(fare), by: line}
  spread: {title: 散布, measure: histogram(line), over: [2d, ever]}
  lines: {title: 线路, top: line, decay: half every 7d, best: 2, give: [value, score]}
  rare: {title: 少见, top: line, rarity: true, give: [value, share]}
  mean_fare: {title: 均价, calc: "share(fares_ever, trips_ever)"}
  fare_band: {title: 车费档, bins: fares_ever, edges: [5, 15], values: {low: 低, mid: 中, high: 高}}
  fare_rank: {title: 车费级, bins: fares_ever, shares: [20%, rest], values: {top: 高, rest: 低}}
  week_rank: {title: 周级, bins: fares_ever, shares: [30%, rest], every: week,
    values: {top: 高, rest: 低}}
  age_rank: {title: 年龄级, bins: years_since(born), shares: [50%, rest], values: {o: 长, y: 少}}
  rank_twice: {title: 再级, bins: "if(fare_rank = 'top', 1, 0) + fares_7d", shares: [40%, rest],
    values: {up: 上, down: 下}}
  heavy:
    title: 常客
    cases:
      - {value: often, when: {all: ["fares_ever > 100", {did: trips, over: 2d}]}}
      - {value: now, when: {did: trips, where: "line = 'green'", over: 2d, times: ">= 2"}}
    else: none
  score: {title: 分, rfm: {recency: seen, frequency: trips_ever, monetary: fares_ever}}
  scored: {title: 分, rfm: {recency: seen, frequency: trips_ever, monetary: fares_ever},
    score: {recency: [1, 3], frequency: [2, 4], monetary: [5, 15]}, names: eight}
  seen: {title: 最近, measure: days_since_last()}
  mood:
    title: 心情
    stages: [{value: keen, when: {did: trips, over: 2d, times: ">= 2"}}]
    else: idle
    stay: 2d
    give: [stage, since, times_entered]
  way: {title: 路径, steps: [members, trips], within: 30d}
  fare_days: {title: 天数, over: 2d,
    sql: "select one_id, count(distinct day) as value from by_person.trips where day >= :from
      and day <= :to group by one_id"}
  twice: {title: 两次, sql: "select one_id, fare as value from by_person.trips"}
  tired: {title: 歇, measure: count(), status: paused}
"""
OBJECTS = """
objects:
  line: {id: line, title: 线路}
  rider_line: {id: [one_id, line], title: 乘客×线路}
  tier: {id: tier_id, title: 等级组, members: {table: members, column: level}}
"""
ABOUT_OBJECTS = """
defaults: {object: line, owner: tests, status: online, from: trips}
tags:
  line_fares: {title: 线路车费, measure: sum(fare), over: [2d, ever]}
  line_riders: {title: 线路人数, measure: distinct(person_id)}
  line_mean: {title: 人均, calc: "share(line_fares_ever, line_riders)", table: more_lines}
  line_rank: {title: 线路级, bins: line_fares_ever, shares: [40%, rest], values: {top: 高, low: 低}}
  line_rare: {title: 少见, top: state, rarity: true, give: [value, score]}
  line_busy:
    title: 忙
    cases: [{value: busy, when: {did: trips, over: 2d, times: ">= 2"}}]
    else: quiet
  line_weekly: {title: 周, measure: count(), every: week}
  rides_on: {title: 乘次, object: rider_line, measure: count(), over: [2d, ever]}
  rides_rank: {title: 乘次级, object: rider_line, bins: rides_on_ever, shares: [50%, rest],
    values: {much: 多, few: 少}}
"""
ABOUT_MEMBERS = """
defaults: {object: tier, owner: tests, status: online}
tags:
  tier_size: {title: 人数, per: members, measure: count()}
  tier_fares: {title: 车费, per: members, measure: sum(fares_ever), where: "trips_ever > 0",
    absent: 0}
"""
