// Which picture does a :shortcode: stand for? The ones people and on-call bots use; others stay text, as Slack shows them.

const TABLE = `
grinning 😀|smiley 😃|smile 😄|grin 😁|laughing 😆|sweat_smile 😅|joy 😂|rolling_on_the_floor_laughing 🤣|wink 😉|blush 😊|innocent 😇|heart_eyes 😍|relieved 😌|sunglasses 😎
thinking_face 🤔|neutral_face 😐|expressionless 😑|unamused 😒|face_with_rolling_eyes 🙄|grimacing 😬|zipper_mouth_face 🤐|sleeping 😴|dizzy_face 😵|exploding_head 🤯|cold_sweat 😰|cry 😢|sob 😭|scream 😱|rage 😡|slightly_smiling_face 🙂|upside_down_face 🙃|melting_face 🫠|saluting_face 🫡|partying_face 🥳|hugging_face 🤗|nerd_face 🤓|robot_face 🤖|ghost 👻|skull 💀|poop 💩
wave 👋|+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|ok_hand 👌|clap 👏|raised_hands 🙌|pray 🙏|muscle 💪|point_up ☝️|point_right 👉|point_left 👈|point_down 👇|raised_hand ✋|handshake 🤝|v ✌️|crossed_fingers 🤞|eyes 👀|brain 🧠|writing_hand ✍️|shrug 🤷|facepalm 🤦|bow 🙇|busts_in_silhouette 👥|bust_in_silhouette 👤|technologist 🧑‍💻|firefighter 🧑‍🚒|male-detective 🕵️
heart ❤️|orange_heart 🧡|yellow_heart 💛|green_heart 💚|blue_heart 💙|purple_heart 💜|broken_heart 💔|sparkles ✨|star ⭐|star2 🌟|boom 💥|fire 🔥|zap ⚡|100 💯|tada 🎉|confetti_ball 🎊|trophy 🏆|medal 🏅|crown 👑|gem 💎|gift 🎁|balloon 🎈|birthday 🎂|coffee ☕|tea 🍵|pizza 🍕|beer 🍺|popcorn 🍿
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|heavy_multiplication_x ✖️|heavy_plus_sign ➕|heavy_minus_sign ➖|question ❓|grey_question ❔|exclamation ❗|grey_exclamation ❕|bangbang ‼️|interrobang ⁉️|warning ⚠️|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|stop_sign 🛑|construction 🚧|rotating_light 🚨|sos 🆘|recycle ♻️|information_source ℹ️|new 🆕|ok 🆗|up 🆙|cool 🆒|free 🆓
red_circle 🔴|large_orange_circle 🟠|orange_circle 🟠|large_yellow_circle 🟡|yellow_circle 🟡|large_green_circle 🟢|green_circle 🟢|large_blue_circle 🔵|blue_circle 🔵|large_purple_circle 🟣|purple_circle 🟣|large_brown_circle 🟤|white_circle ⚪|black_circle ⚫|large_red_square 🟥|large_orange_square 🟧|large_yellow_square 🟨|large_green_square 🟩|large_blue_square 🟦|large_purple_square 🟪|white_large_square ⬜|black_large_square ⬛|small_blue_diamond 🔹|small_orange_diamond 🔸|large_blue_diamond 🔷|large_orange_diamond 🔶|small_red_triangle 🔺|small_red_triangle_down 🔻|radio_button 🔘
arrow_up ⬆️|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrow_upper_right ↗️|arrow_lower_right ↘️|arrow_forward ▶️|arrow_backward ◀️|fast_forward ⏩|rewind ⏪|leftwards_arrow_with_hook ↩️|arrow_right_hook ↪️|arrows_counterclockwise 🔄|arrows_clockwise 🔃|repeat 🔁|back 🔙|soon 🔜|twisted_rightwards_arrows 🔀|double_vertical_bar ⏸️|black_square_for_stop ⏹️
bell 🔔|no_bell 🔕|mute 🔇|speaker 🔈|loud_sound 🔊|loudspeaker 📢|mega 📣|speech_balloon 💬|thought_balloon 💭|email 📧|envelope ✉️|inbox_tray 📥|outbox_tray 📤|incoming_envelope 📨|package 📦|mailbox 📫|telephone_receiver 📞|phone ☎️|iphone 📱|pager 📟|computer 💻|desktop_computer 🖥️|keyboard ⌨️|floppy_disk 💾|cd 💿|minidisc 💽|battery 🔋|electric_plug 🔌|satellite_antenna 📡|globe_with_meridians 🌐|card_file_box 🗃️|file_cabinet 🗄️
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|clipboard 📋|memo 📝|pencil 📝|pencil2 ✏️|page_facing_up 📄|page_with_curl 📃|scroll 📜|notebook 📓|books 📚|book 📖|open_book 📖|bookmark 🔖|bookmark_tabs 📑|label 🏷️|pushpin 📌|round_pushpin 📍|paperclip 📎|link 🔗|scissors ✂️|file_folder 📁|open_file_folder 📂|card_index_dividers 🗂️|calendar 📅|date 📅|spiral_calendar_pad 🗓️|newspaper 📰|ledger 📒
lock 🔒|unlock 🔓|key 🔑|closed_lock_with_key 🔐|shield 🛡️|mag 🔍|mag_right 🔎|bulb 💡|flashlight 🔦|hammer 🔨|wrench 🔧|nut_and_bolt 🔩|gear ⚙️|hammer_and_wrench 🛠️|toolbox 🧰|magnet 🧲|test_tube 🧪|microscope 🔬|telescope 🔭|thermometer 🌡️|scales ⚖️|balance_scale ⚖️|fire_extinguisher 🧯|bomb 💣|compass 🧭|ladder 🪜|bug 🐛|lady_beetle 🐞|snail 🐌|turtle 🐢|rabbit2 🐇|whale 🐳|snake 🐍|crab 🦀|penguin 🐧|elephant 🐘|bee 🐝|unicorn_face 🦄|dog 🐶|cat 🐱|see_no_evil 🙈
clock1 🕐|clock3 🕒|clock9 🕘|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|timer_clock ⏲️|alarm_clock ⏰|watch ⌚|sunrise 🌅|sun_with_face 🌞|sunny ☀️|mostly_sunny 🌤️|partly_sunny ⛅|cloud ☁️|rain_cloud 🌧️|thunder_cloud_and_rain ⛈️|snowflake ❄️|rainbow 🌈|ocean 🌊|droplet 💧|sweat_drops 💦|dash 💨|cyclone 🌀|moon 🌔|crescent_moon 🌙|earth_africa 🌍|earth_americas 🌎|evergreen_tree 🌲|seedling 🌱|cactus 🌵|herb 🌿|four_leaf_clover 🍀
rocket 🚀|airplane ✈️|ship 🚢|anchor ⚓|truck 🚚|ambulance 🚑|fire_engine 🚒|police_car 🚓|train 🚆|bike 🚲|traffic_light 🚥|vertical_traffic_light 🚦|checkered_flag 🏁|triangular_flag_on_post 🚩|white_flag 🏳️|house 🏠|office 🏢|factory 🏭|hospital 🏥|dart 🎯|game_die 🎲|art 🎨|jigsaw 🧩|crystal_ball 🔮|mirror 🪞|broom 🧹|bathtub 🛁|door 🚪|moneybag 💰|money_with_wings 💸|credit_card 💳
one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|zero 0️⃣|keycap_ten 🔟|hash #️⃣|1234 🔢|abc 🔤
slightly_frowning_face 🙁|disappointed 😞|confused 😕|pensive 😔|triumph 😤|nauseated_face 🤢|shushing_face 🤫|face_with_monocle 🧐|clown_face 🤡|alien 👽|call_me_hand 🤙|metal 🤘|spock-hand 🖖|fist 👊|man-shrugging 🤷‍♂️|woman-shrugging 🤷‍♀️|zzz 💤|anger 💢|hole 🕳️|musical_note 🎵|movie_camera 🎥|camera 📷|frame_with_picture 🖼️|tv 📺|control_knobs 🎛️|level_slider 🎚️|infinity ♾️|wavy_dash 〰️|heavy_dollar_sign 💲|copyright ©️|tm ™️
`;

const PICTURES = new Map(
  TABLE.split(/[|\n]/)
    .map((entry) => entry.trim().split(" "))
    .filter((entry) => entry.length === 2),
);

export const EMOJI_NAMES = [...PICTURES.keys()];

/** The picture, or null when the name is not known. Skin tones ("wave::skin-tone-3") show the plain picture. */
export const emojiOf = (name) => PICTURES.get(String(name).replace(/::skin-tone-\d$/, "")) ?? null;

export const QUICK_REACTIONS = ["white_check_mark", "eyes", "raised_hands"];

export const PALETTE = [
  "white_check_mark", "x", "eyes", "+1", "-1", "raised_hands", "tada", "heart", "fire", "rotating_light", "warning", "bug",
  "thinking_face", "joy", "cry", "pray", "clap", "wave", "rocket", "hourglass_flowing_sand", "mag", "wrench", "no_bell",
  "memo", "100", "question", "bulb", "chart_with_upwards_trend", "snail", "coffee", "saluting_face", "see_no_evil",
];
